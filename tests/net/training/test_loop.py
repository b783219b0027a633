"""When lines are told, on a session and a clock of the test's own."""

import threading
from types import SimpleNamespace

import pytest

from net.training import loop

STEPS = 34


class Session:
    """Makes steps that take so many seconds, the first of them so many."""

    def __init__(self, step: int, first: float, others: float):
        self.step, self.now, self._seconds = step, 100.0, [others, first]

    def run(self, fetches):
        self.step += 1
        self.now += self._seconds.pop() if len(self._seconds) > 1 else self._seconds[0]
        return {name: self.step if name == "step" else 0.5 for name in fetches}


class Reporter:
    """Notes what it is told."""

    best_step = 0

    def __init__(self):
        self.started, self.lines = [], []

    def first_step(self, step):
        self.started.append(step)

    def line(self, step, scalars):
        self.lines.append(step)
        assert scalars == {"loss": 0.5, "rate": 0.5}

    def tell(self, when):
        pass


@pytest.mark.parametrize(
    ("begin", "first", "others", "every", "told"),
    [
        (0, 3.0, 0.5, 100, [10, 34]),  # ten steps
        (0, 4.0, 4.0, 100, [3, 34]),  # ten seconds
        (20, 1.0, 0.1, 100, [30, 34]),  # of a run that goes on
        (20, 1.0, 9.0, 30, [22, 30, 34]),
        (0, 12.0, 0.5, 100, [1, 11, 34]),  # the line after a slow first step tells no speed
        (0, 12.0, 6.0, 17, [1, 3, 17, 34]),
        (0, 1.0, 0.5, 12, [10, 12, 24, 34]),
        (0, 1.0, 0.5, 9, [9, 18, 27, 34]),  # as asked, from the first on
        (0, 60.0, 60.0, 16, [1, 2, 16, 32, 34]),
    ],
)
def test_nobody_waits_long_for_the_first_line(begin, first, others, every, told, monkeypatch, capsys):
    session, reporter = Session(begin, first, others), Reporter()
    monkeypatch.setattr(loop.time, "monotonic", lambda: session.now)
    graph = SimpleNamespace(step=None, scalars={"loss": None, "rate": None}, rate=SimpleNamespace(plateau=None))
    often = SimpleNamespace(report_every=every, eval_every=1000)
    length = SimpleNamespace(steps=STEPS, stop_after=0)
    plan = SimpleNamespace(run=often, length=length, start=None)
    loop.Loop(session, graph, None, reporter, plan, begin).run(threading.Event())
    assert reporter.lines == told and reporter.started == [begin + 1]
    assert str(begin) in capsys.readouterr().out


@pytest.mark.parametrize(("tests", "judged", "lines"), [(True, 7, 1), (True, 0, 0), (False, 7, 0)])
def test_that_the_start_is_tested_is_said_before(tests, judged, lines, capsys):
    reporter, said = Reporter(), []
    reporter.subject = SimpleNamespace(judged=judged, kind=SimpleNamespace(example="face"))
    session = SimpleNamespace(run_step_fn=lambda on: said.extend(capsys.readouterr().out.splitlines()[1:]))
    graph = SimpleNamespace(rate=SimpleNamespace(plateau=None))
    length = SimpleNamespace(steps=0, stop_after=0)
    plan = SimpleNamespace(run=None, length=length, start="a model")
    loop.Loop(session, graph, object() if tests else None, reporter, plan, 0).run(threading.Event())
    assert len(said) == lines and all("7 faces" in line for line in said)
