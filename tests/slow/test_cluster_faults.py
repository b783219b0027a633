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
from net.cluster.member import ORPHANED
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

    def steps(self, after: int = 0) -> list[int]:
        """Steps that it has told of, from a line on."""
        return [int(match[1]) for line in self.lines[after:] if (match := re.search(r"step (\d+)/", line))]

    def until_step(self, step: int) -> None:
        self.until(lambda: any(one >= step for one in self.steps()))

    def until_line(self, pattern: str) -> tuple[int, re.Match]:
        """Waits for a line; its number and what it says."""
        self.until(lambda: any(re.fullmatch(pattern, line) for line in self.lines))
        return next((at, found) for at, line in enumerate(self.lines) if (found := re.fullmatch(pattern, line)))

    def until(self, enough) -> None:
        """Waits until what it has said is enough."""
        with self._said:
            reached = self._said.wait_for(lambda: enough() or self.process.poll() is not None, PATIENCE)
        assert reached and self.process.poll() is None, self.lines

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


LATE = """
import os, sys, time
sys.path.insert(0, {root!r})
from net import train
print("ready", flush=True)
while not os.path.exists({flag!r}):
    time.sleep(0.05)
sys.exit(train.main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def story(record_set, tmp_path_factory):
    """One cluster through all its faults: its parts by the names that the story gives them, and what was noted."""
    folder = tmp_path_factory.mktemp("cluster")
    cluster, run, flag = local.cluster_of(2), folder / "run", folder / "go"
    command, parts = command_of(record_set, run), {}
    later = [sys.executable, "-c", LATE.format(root=str(ROOT), flag=str(flag)), *command[2:]]  # is there in time
    try:
        for name in ("ps", "chief", "worker"):
            parts[name] = Part(command, cluster, name)
        parts["chief"].until_step(12)
        parts["worker"].until_step(2)
        parts["worker"].kill()
        seen = parts["chief"].steps()[-1]
        parts["worker again"], parts["ps again"] = Part(command, cluster, "worker"), Part(later, cluster, "ps")
        parts["worker again"].until_step(seen + 4)
        parts["chief"].until_step(seen + 4)
        parts["chief"].kill()
        saved = last_step(RunFolder(run))
        chief = parts["chief again"] = Part(command, cluster, "chief")
        chief.until_step(saved + 12)
        parts["worker again"].until_step(saved + 12)
        parts["ps again"].until_line("ready")
        parts["ps"].kill()
        flag.touch()
        lost = chief.steps()[-1]
        place, back = chief.until_line(r"a parameter server came back: going on from step (\d+)")
        chief.until(lambda: len(chief.steps(place)) > 2)
        parts["ps again"].kill()
        killed = time.monotonic()
        codes = [parts[name].end() for name in ("chief again", "worker again")]
        took = time.monotonic() - killed
        notes = {"saved": saved, "lost": lost, "place": place, "back": int(back[1]), "codes": codes, "took": took}
        yield {"run": run, "parts": parts, "host": cluster["ps"][0], **notes}
    finally:
        for part in parts.values():
            part.kill()


def test_no_step_is_lost_when_a_killed_worker_returns_and_a_killed_chief_resumes(story):
    parts = story["parts"]
    steps = parts["chief"].steps()
    assert steps == list(range(2, steps[-1] + 1, 2))  # every report of every second step, once and in order
    assert parts["worker again"].steps()[0] > parts["worker"].steps()[-1] - 2
    steps = [step for step in parts["chief again"].steps() if step <= story["lost"]]
    assert story["saved"] >= 10 and story["saved"] < steps[0] <= story["saved"] + 2
    # the same process all the time
    worker = parts["worker again"]
    assert worker.lines.count("building") == 1 and max(worker.steps()) >= story["saved"] + 12


def test_a_parameter_server_that_comes_back_costs_the_steps_since_the_checkpoint(story):
    steps = story["parts"]["chief again"].steps(story["place"])
    assert story["saved"] + 8 <= story["back"] <= story["lost"] + 2 and story["back"] < steps[0] <= story["back"] + 2
    assert steps == sorted(set(steps))


def test_a_killed_parameter_server_is_a_clear_error_on_the_others_in_bounded_time(story):
    assert story["codes"] == [2, 2] and story["took"] < 10 * WAIT
    for name in ("chief again", "worker again"):
        assert story["parts"][name].lines[-1].startswith(f"train: ps at {story['host']}: found no answer for ")


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
    assert run.best().measures["nme_box"] > 0
    held = weights_of(run.path)
    assert "senet/stem/conv/weights/ExponentialMovingAverage" in held
    assert not any("sync_rep" in name or "grad_accum" in name for name in held)


def test_where_the_chief_fails_the_others_end_and_say_so(record_set, tmp_path):
    hosts, parts = local.cluster_of(2), {}
    command = command_of(record_set, tmp_path / "run", "--rate", "1e30")
    try:
        for name in ("ps", "worker", "chief"):
            parts[name] = Part(command, hosts, name)
        assert {name: part.end() for name, part in parts.items()} == {"ps": 3, "worker": 3, "chief": 2}
    finally:
        for part in parts.values():
            part.kill()
    assert re.match(r"train: loss: found (nan|inf) at step \d+", parts["chief"].lines[-1])
    for name in ("ps", "worker"):
        assert parts[name].lines[-1].startswith("train: the chief has failed, ")


# the tear-down of a local cluster, with members that are no training

MEMBER = """
import json, os, signal, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]["type"]
print(task, "is up", os.getpid(), flush=True)
{code}
signal.pause()
"""


@pytest.fixture
def end_of(monkeypatch, tmp_path):
    """A function: what members do, workers -> the exit code of such a cluster, none of whose processes is left."""
    processes, start = [], subprocess.Popen

    def noted(*args, **settings):
        processes.append(start(*args, **settings))
        return processes[-1]

    def end_of(code: str, workers: int) -> int:
        monkeypatch.setattr(local.subprocess, "Popen", noted)
        code = local.run([sys.executable, "-c", MEMBER.format(code=code)], workers, RunFolder(tmp_path))
        assert len(processes) == workers + 1 and all(process.returncode is not None for process in processes)
        return code

    return end_of


@pytest.mark.parametrize(
    "code, workers, exit_code, blamed",
    [
        ("if task == 'worker': sys.exit(7)", 2, 2, "train: worker-0 failed (7), see "),
        ("if task == 'chief': time.sleep(0.3); sys.exit(5)", 3, 5, ""),
        # who ends because the chief has failed
        (f"if task != 'chief': sys.exit({ORPHANED})\ntime.sleep(1); sys.exit(5)", 2, 5, ""),
    ],
)
def test_a_part_that_fails_takes_all_down(capfd, end_of, code, workers, exit_code, blamed):
    assert end_of(code, workers) == exit_code
    said = capfd.readouterr()
    assert said.err.startswith(blamed) and bool(said.err) == bool(blamed) and "chief is up" in said.out


def test_ctrl_c_stops_the_chief_and_leaves_nothing(monkeypatch, capfd, end_of):
    code = "if task == 'chief': signal.signal(2, lambda *_: (print('saved', flush=True), os._exit(130)))"
    code += "; os.kill(int(os.environ['PARENT']), 2)"
    monkeypatch.setenv("PARENT", str(os.getpid()))
    handler = signal.getsignal(signal.SIGINT)
    assert end_of(code, 2) == 130
    assert "saved" in capfd.readouterr().out and signal.getsignal(signal.SIGINT) is handler
