"""How a process notices that others are gone. Servers, where there are any, are of this very process."""

import socket
import threading

import pytest

from net.cluster import local, probe, queues
from net.cluster.member import FAILED, JOBS, ORPHANED, Member
from net.cluster.parameters import serve_parameters
from net.cluster.sessions import serve
from net.cluster.watch import abandoned, watch


class Ends:
    """What `watch` says of the process's end."""

    def __init__(self):
        self.said, self.came = [], threading.Event()

    def __call__(self, line: str, code: int) -> None:
        self.said.append((line, code))
        self.came.set()


@pytest.fixture
def ends(monkeypatch):
    monkeypatch.setattr(probe, "PROBE", 0.02)
    return Ends()


def member(task="worker", ps="127.0.0.1:1") -> Member:
    return Member({"chief": ("a:1",), "worker": ("b:2",), "ps": (ps,)}, task, 0)


def test_silence_of_a_parameter_server_ends_the_process(ends):
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        assert probe.answers(host)
        with watch(member("chief", host), None, 0.1, ends):
            assert not ends.came.wait(0.3)
            server.close()
            assert ends.came.wait(20)
    line, code = ends.said[0]
    assert line.startswith(f"ps at {host}: found no answer for ") and code == FAILED


def test_who_has_heard_that_the_chief_failed_says_that_alone(monkeypatch, ends):
    """The parameter server may end while it is told that the worker leaves, which then takes no end."""
    hanging, there = threading.Event(), [True]

    def leave(*_):
        there[0] = False
        hanging.wait(20)

    monkeypatch.setattr(queues, "LINGER", 0.5)
    monkeypatch.setattr(queues, "wait_for", lambda *_: True)
    monkeypatch.setattr(probe, "answers", lambda *_: there[0])
    monkeypatch.setattr(queues, "leave", leave)
    with watch(member(), None, 0.001, ends):  # by far shorter than what leaving takes
        assert ends.came.wait(20)
    hanging.set()
    assert [code for _, code in ends.said] == [ORPHANED]


def test_each_watches_those_it_cannot_do_without():
    hosts = {"chief": ("a:1",), "worker": ("b:2",), "ps": ("d:4", "e:5")}
    names = {task: [one.host for one in probe.silences(Member(hosts, task, 0), 3.0)] for task in JOBS}
    assert names == {"chief": ["d:4", "e:5"], "worker": ["d:4", "e:5", "a:1"], "ps": ["a:1"], "evaluator": ["a:1"]}


def test_a_chief_and_who_has_never_answered_may_be_silent_for_longer(monkeypatch):
    now, there = [100.0], [False]
    monkeypatch.setattr(probe.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(probe, "answers", lambda host: there[0])
    server, chief = probe.silences(member(ps="d:4"), 3.0)
    now[0] = 129.0
    assert [server.look(), chief.look()] == ["", ""]
    there[0] = True
    assert [server.look(), chief.look()] == ["", ""]
    there[0], now[0] = False, 133.0
    assert server.look().startswith("ps at d:4: found no answer for 4 s; ") and chief.look() == ""
    now[0] = 160.0
    assert chief.look().startswith("chief at a:1: found no answer for 31 s; ")


@pytest.mark.parametrize("failed", [False, True])
def test_a_parameter_server_ends_when_all_have_left(ends, failed):
    """On servers of this very process; in tests/slow/test_cluster_faults.py each has its own."""
    hosts = {job: tuple(found) for job, found in local.cluster_of(2).items()}
    ps, chief, worker = (Member(hosts, task, 0) for task in ("ps", "chief", "worker"))
    servers = {one.task: serve(one, 1) for one in (ps, chief, worker)}
    serving = threading.Thread(target=serve_parameters, args=(ps, servers["ps"], 60.0, ends))
    serving.start()
    queues.leave(chief, servers["chief"], failed=failed)
    if failed:  # as its worker hears
        assert queues.wait_for("failed", worker, servers["worker"], threading.Event())
    assert serving.is_alive()  # it lingers for the worker
    queues.leave(worker, servers["worker"])
    serving.join(queues.LINGER - 5)
    assert not serving.is_alive()
    assert [code for _, code in ends.said] == ([ORPHANED] if failed else [])


def test_who_leaves_after_the_parameter_servers_ends_at_once(monkeypatch):
    slept = []
    monkeypatch.setattr(probe.time, "sleep", slept.append)
    monkeypatch.setattr(probe, "answers", lambda host: len(slept) >= 3)
    queues.leave(member(ps="d:4"), None)  # with a session it would fail, for there is no server
    assert slept == []
    assert probe.all_answer(("d:4",), queues.LINGER) and slept == 3 * [probe.PROBE]  # as a chief waits
    with pytest.raises(ValueError, match="the chief has left before the last step"):  # as a worker says
        abandoned()
