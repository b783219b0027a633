"""A cluster on this machine, for trying one: chief, workers and a parameter server as processes on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from net.cluster.member import FAILED, ORPHANED
from net.run.folder import RunFolder
from net.run.signals import stop_signals

LOOK = 0.2  # seconds between looks at the processes
GRACE = 20.0  # seconds that a process has to end by itself

Process = subprocess.Popen[bytes]
Processes = dict[str, Process]  # by name, `<task>-<index>`


def run(command: Sequence[str], workers: int, folder: RunFolder) -> int:
    """Runs the command as every member of a cluster, with TF_CONFIG set, until the chief ends; its exit code.

    What each says goes to `<task>-<index>.log` in the run's folder of logs, what the chief says to standard output as
    well. Ctrl-C stops the chief, which saves; whatever happens, no process is left. Where another member fails before
    the chief ends, all are ended, with one line that names it and its log; the code is then 2.
    """
    logs = folder.logs
    logs.mkdir(parents=True, exist_ok=True)
    with stop_signals() as stop, members(command, cluster_of(workers), logs) as processes:
        chief = processes["chief-0"]
        echo = threading.Thread(target=copy_lines, args=(chief, logs / "chief-0.log"))
        echo.start()
        failed = wait_for(chief, processes, stop)
        if failed:
            print(f"train: {failed} failed ({processes[failed].returncode}), see {logs / failed}.log", file=sys.stderr)
            end(processes)
            echo.join()
            return FAILED
        echo.join()
        with contextlib.suppress(subprocess.TimeoutExpired):  # at a good end the others leave by themselves
            for process in processes.values():
                process.wait(0 if chief.returncode else GRACE)
        return chief.returncode


def cluster_of(workers: int) -> dict[str, list[str]]:
    """Addresses of a chief, workers - 1 workers and a parameter server: ports that are free now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(workers + 1)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        hosts = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    cluster = {"chief": hosts[:1], "worker": hosts[1:-1], "ps": hosts[-1:]}
    return {job: addresses for job, addresses in cluster.items() if addresses}


def environment_of(cluster: Mapping[str, Sequence[str]], task: str, index: int) -> dict[str, str]:
    """This process's environment with the TF_CONFIG of a member."""
    return os.environ | {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": task, "index": index}})}


@contextlib.contextmanager
def members(command: Sequence[str], cluster: Mapping[str, Sequence[str]], logs: Path) -> Iterator[Processes]:
    """The processes of a cluster by name, `<task>-<index>`; the chief's output is a pipe. In the end none is left."""
    processes: Processes = {}
    try:
        for task, hosts in cluster.items():
            for index in range(len(hosts)):
                name = f"{task}-{index}"
                with (logs / f"{name}.log").open("wb") as log:
                    processes[name] = subprocess.Popen(
                        command,
                        env=environment_of(cluster, task, index),
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE if task == "chief" else log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,  # Ctrl-C is for this process, which tells the chief
                    )
        yield processes
    finally:
        end(processes)


def end(processes: Processes) -> None:
    """Ends all that are left. The chief is asked, for it has something to save; the others have not, and may wait
    inside TensorFlow where no signal is heard."""
    for name, process in processes.items():
        if process.poll() is None:
            process.terminate() if name.startswith("chief") else process.kill()
    deadline = time.monotonic() + GRACE
    for process in processes.values():
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(chief: Process, processes: Processes, stop: threading.Event) -> str | None:
    """Waits until the chief has ended; the name of another member if that has failed before, and not for its sake."""
    told = False
    while chief.poll() is None:
        codes = {name: process.poll() for name, process in processes.items() if process is not chief}
        failed = [name for name, code in codes.items() if code not in (None, 0, ORPHANED)]
        if failed:
            return failed[0]
        if stop.is_set() and not told:
            chief.send_signal(signal.SIGINT)
            told = True
        with contextlib.suppress(subprocess.TimeoutExpired):
            chief.wait(LOOK)
    return None


def copy_lines(process: Process, log: Path) -> None:
    """Copies what a process says to standard output and to its log, line by line."""
    with log.open("wb") as file:
        for line in process.stdout or ():
            file.write(line)
            file.flush()
            print(line.decode(errors="replace"), end="", flush=True)
