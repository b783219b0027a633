"""Clusters of real processes on loopback: members are killed in the middle, and the run goes on or says why not."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from net.cluster import local
from net.cluster.probe import all_answer
from net.cluster.watch import ORPHANED
from net.run.checkpoints import last_step
from net.run.folder import RunFolder
from tests.conftest import ROOT, train_options
from tests.helpers.events import weights_of

PATIENCE = 240.0  # seconds that anything awaited may take on a busy machine
WAIT = 10  # seconds of a parameter server's silence; ten times as many of a chief's


class Part:
    """A process of a cluster, and the lines that it has said."""

    def __init__(self, command, cluster, task: str):
        environment = local.environment_of(cluster, task, 0)
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines, self._said = [], threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._said:
                self.lines.append(line.rstrip("\n"))
                self._said.notify_all()

    def steps(self) -> list[int]:
        return [int(match[1]) for line in list(self.lines) if (match := re.search(r"step (\d+)/", line))]

    def until_step(self, step: int) -> None:
        """Waits until it tells of that step or a later one."""
        self.until(lambda: any(one >= step for one in self.steps()))

    def until(self, enough) -> None:
        """Waits until what it has said is enough."""
        with self._said:
            reached = self._said.wait_for(lambda: enough() or not self.alive(), PATIENCE)
        assert reached and self.alive(), self.lines

    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Waits for its end; the exit code."""
        code = self.process.wait(PATIENCE)
        self._reader.join()
        return code


def command_of(record_set, run, *others: str) -> list[str]:
    options = "--steps 100000 --batch 4 --average 0.9 --report-every 2 --save-every 10 --eval-every 1000 --no-plots"
    options += f" --wait {WAIT}"
    return [sys.executable, str(ROOT / "net/train.py"), *train_options(record_set, run, *options.split(), *others)]


@pytest.fixture(scope="module")
def story(record_set, tmp_path_factory):
    """One cluster through all its faults: what each part had said, by the name that the story gives it."""
    run = tmp_path_factory.mktemp("cluster") / "run"
    cluster = local.cluster_of(2)
    command, parts = command_of(record_set, run), {}
    try:
        for name in ("ps", "chief", "worker"):
            parts[name] = Part(command, cluster, name)
        parts["chief"].until_step(12)
        parts["worker"].until_step(2)
        parts["worker"].kill()
        seen = parts["chief"].steps()[-1]
        parts["worker again"] = Part(command, cluster, "worker")
        parts["worker again"].until_step(seen + 4)
        parts["chief"].until_step(seen + 4)
        parts["chief"].kill()
        saved = last_step(RunFolder(run))
        parts["chief again"] = Part(command, cluster, "chief")
        parts["chief again"].until_step(saved + 12)
        parts["worker again"].until_step(saved + 12)
        parts["ps"].kill()
        killed = time.monotonic()
        codes = [parts[name].end() for name in ("chief again", "worker again")]
        took = time.monotonic() - killed
        yield {"run": run, "parts": parts, "saved": saved, "codes": codes, "took": took, "cluster": cluster}
    finally:
        for part in parts.values():
            part.kill()


def test_no_step_is_lost_when_a_killed_worker_returns_and_a_killed_chief_resumes(story):
    parts = story["parts"]
    steps = parts["chief"].steps()
    assert steps == list(range(2, steps[-1] + 1, 2))  # every report of every second step, once and in order
    assert parts["worker again"].steps()[0] > parts["worker"].steps()[-1] - 2
    steps = parts["chief again"].steps()
    assert story["saved"] >= 10 and story["saved"] < steps[0] <= story["saved"] + 2
    assert steps == list(range(steps[0], steps[-1] + 1, 2))
    # the same process all the time
    assert "worker" in parts["worker again"].lines[0] and parts["worker again"].steps()[-1] >= story["saved"] + 12


def test_a_killed_parameter_server_is_a_clear_error_on_the_others_in_bounded_time(story):
    host = story["cluster"]["ps"][0]
    assert story["codes"] == [2, 2] and story["took"] < 10 * WAIT
    for name in ("chief again", "worker again"):
        assert story["parts"][name].lines[-1].startswith(f"train: ps at {host}: found no answer for ")


def test_the_run_goes_on_to_its_end_as_a_local_cluster(story, record_set, capfd):
    run = RunFolder(story["run"])
    first = last_step(run)
    assert first >= 20
    command = command_of(record_set, run.path, "--steps", str(first + 6), "--eval-every", "3")
    assert local.run(command, 2, run) == 0
    assert f"step {first + 6}/{first + 6}" in capfd.readouterr().out
    assert last_step(run) == first + 6
    assert sorted(os.listdir(run.logs)) == ["chief-0.log", "ps-0.log", "worker-0.log"]
    assert f"worker 0: step {first + 6}/{first + 6}" in (run.logs / "worker-0.log").read_text()
    assert run.best().nme_box > 0
    held = weights_of(run.path)
    assert "senet/stem/conv/weights/ExponentialMovingAverage" in held
    assert not any("sync_rep" in name or "grad_accum" in name for name in held)


LATE = """
import os, sys, time
sys.path.insert(0, {root!r})
from net import train
print("ready", flush=True)
while not os.path.exists({flag!r}):
    time.sleep(0.05)
sys.exit(train.main(sys.argv[1:]))
"""


def test_a_parameter_server_that_comes_back_costs_the_steps_since_the_checkpoint(record_set, tmp_path):
    hosts, flag = local.cluster_of(1), tmp_path / "go"
    command = command_of(record_set, tmp_path / "run")
    later = [sys.executable, "-c", LATE.format(root=str(ROOT), flag=str(flag)), *command[2:]]  # is there in time
    parts = {"ps": Part(command, hosts, "ps"), "again": Part(later, hosts, "ps")}
    chief = parts["chief"] = Part(command, hosts, "chief")
    try:
        parts["again"].until(lambda: "ready" in parts["again"].lines)
        chief.until_step(26)
        parts["ps"].kill()
        flag.touch()
        seen = chief.steps()[-1]
        found = re.compile(r"a parameter server came back: going on from step (\d+)")
        chief.until(lambda: any(map(found.fullmatch, list(chief.lines))))
        (place,) = [number for number, line in enumerate(chief.lines) if found.fullmatch(line)]
        count = len([line for line in chief.lines[:place] if "/100000" in line])
        chief.until(lambda: len(chief.steps()) >= count + 3)
        back, steps = int(found.fullmatch(chief.lines[place])[1]), chief.steps()[count:]
        assert 20 <= back <= seen + 2 and back < steps[0] <= back + 2
        assert steps == sorted(set(steps)) and parts["again"].alive()
    finally:
        for part in parts.values():
            part.kill()


@pytest.fixture
def failed(request, record_set, tmp_path):
    """The parts of a cluster whose chief fails, after their ends; request.param: further options of all."""
    hosts, run, parts = local.cluster_of(2), tmp_path / "run", {}
    if not request.param:
        run.mkdir()
        (run / "photo.jpg").write_text("mine")  # so that the chief refuses the folder
    command = command_of(record_set, run, *request.param)
    try:
        for name in ("ps", "worker"):
            parts[name] = Part(command, hosts, name)
        assert all_answer((*hosts["ps"], *hosts["worker"]), PATIENCE)
        parts["chief"] = Part(command, hosts, "chief")
        for part in parts.values():
            part.end()
        yield parts
    finally:
        for part in parts.values():
            part.kill()


@pytest.mark.parametrize(
    "failed, why",
    [
        ([], r"train: .*run: found a folder without settings.json, expected a run's or none"),  # before it has begun
        (["--rate", "1e30"], r"train: loss: found (nan|inf) at step \d+, expected a number; a lower --rate may help"),
    ],
    indirect=["failed"],
)
def test_where_the_chief_fails_the_others_end_and_say_so(failed, why):
    assert {name: part.process.returncode for name, part in failed.items()} == {"ps": 3, "worker": 3, "chief": 2}
    assert re.fullmatch(why, failed["chief"].lines[-1])
    for name in ("ps", "worker"):
        expected = "the chief has failed, its own last line says why; once that is mended, the same command goes on"
        assert failed[name].lines[-1] == f"train: {expected}"


# the tear-down of a local cluster, with members that are no training

MEMBER = """
import json, os, signal, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]["type"]
print(task, "is up", os.getpid(), flush=True)
{code}
signal.pause()
"""


def fake(code: str) -> list[str]:
    return [sys.executable, "-c", MEMBER.format(code=code)]


@pytest.fixture
def started(monkeypatch) -> list[subprocess.Popen]:
    """The processes that a local cluster starts: how far each has come by its end nobody can say."""
    processes, start = [], subprocess.Popen

    def noted(*args, **settings):
        processes.append(start(*args, **settings))
        return processes[-1]

    monkeypatch.setattr(local.subprocess, "Popen", noted)
    return processes


def all_gone(processes: list[subprocess.Popen]) -> bool:
    return all(process.returncode is not None for process in processes)


@pytest.mark.parametrize(
    "code, workers, exit_code, blamed",
    [
        ("if task == 'worker': sys.exit(7)", 2, 2, "train: worker-0 failed (7), see "),
        ("if task == 'chief': time.sleep(0.3); sys.exit(5)", 3, 5, ""),
        # who ends because the chief has failed
        (f"if task != 'chief': sys.exit({ORPHANED})\ntime.sleep(1); sys.exit(5)", 2, 5, ""),
    ],
)
def test_a_part_that_fails_takes_all_down(tmp_path, capfd, started, code, workers, exit_code, blamed):
    run = RunFolder(tmp_path)
    assert local.run(fake(code), workers, run) == exit_code
    said = capfd.readouterr()
    assert said.err == (f"{blamed}{run.logs / 'worker-0'}.log\n" if blamed else "") and "chief is up" in said.out
    assert len(os.listdir(run.logs)) == len(started) == workers + 1 and all_gone(started)


def test_ctrl_c_stops_the_chief_and_leaves_nothing(tmp_path, monkeypatch, capfd, started):
    code = "if task == 'chief': signal.signal(2, lambda *_: (print('saved', flush=True), os._exit(130)))"
    code += "; os.kill(int(os.environ['PARENT']), 2)"
    monkeypatch.setenv("PARENT", str(os.getpid()))
    handler = signal.getsignal(signal.SIGINT)
    assert local.run(fake(code), 2, RunFolder(tmp_path)) == 130
    assert "saved" in capfd.readouterr().out and signal.getsignal(signal.SIGINT) is handler
    assert len(started) == 3 and all_gone(started)
