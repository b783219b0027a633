"""tools/evaluation/speed.py: who is called how often, with what, in which order; the clock obeys."""

import cv2
import pytest

from tools.evaluation import speed


class Clock:
    """Each model's call takes as long as it says."""

    def __init__(self, monkeypatch):
        self.now, self.calls = 0.0, []
        monkeypatch.setattr(speed.time, "perf_counter", lambda: self.now)

    def model(self, name, milliseconds):
        clock = self

        class Stub:
            def fit(self, image, boxes, passes):
                assert image.shape == (450, 450, 3) and boxes.shape[1] == 4 and passes == 1
                clock.calls.append((name, cv2.getNumThreads(), len(boxes)))
                clock.wait(milliseconds * len(boxes) / 1000)

        return Stub()

    def wait(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(speed, "cores", lambda: 2)
    return Clock(monkeypatch)


def test_medians_and_ratios_of_models_in_turns(clock):
    before = cv2.getNumThreads()
    rows = speed.speed_rows({"first": clock.model("first", 4), "second": clock.model("second", 6)}, rounds=3)
    assert cv2.getNumThreads() == before
    assert [(row["model"], row["threads"], row["batch"]) for row in rows] == [
        (model, threads, batch) for threads in (1, 2) for batch in (1, 32) for model in ("first", "second")
    ]
    for row in rows:
        slow = row["model"] == "second"
        assert row["milliseconds"] == pytest.approx(6 if slow else 4)
        assert row["ratio"] == pytest.approx(1.5 if slow else 1)
    for threads in (1, 2):
        for batch, count in speed.CALLS.items():
            names = [name for name, *setting in clock.calls if setting == [threads, batch]]
            turn = speed.WARM + count
            assert names == (["first"] * turn + ["second"] * turn) * 3


def test_the_first_calls_of_a_turn_do_not_count(clock):
    seconds = iter([9.0, 9.0, 0.1, 0.2, 0.3])
    assert speed.seconds_each(lambda: clock.wait(next(seconds)), 3) == pytest.approx([0.1, 0.2, 0.3])
