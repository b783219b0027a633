from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from net.run import reporter as module
from net.run.evaluation import Findings
from net.run.folder import LANDMARK_RUNS, RunFolder
from net.run.kind import Measure
from net.run.reporter import Reporter, Subject, histogram
from records.runtime import v1
from tests.helpers.events import events

RNG = np.random.default_rng(13)
SUBJECT = Subject(LANDMARK_RUNS, "test", 5, ("points",))
SCALARS = {"loss": 0.00001234, "loss_points": 1234567.0, "loss_decay": 0.5, "rate": 3e-7}


class Saver(SimpleNamespace):
    """Notes what it is to save."""

    last_checkpoints = ()

    def save(self, session, path, global_step, write_meta_graph):
        self.saved.append((path, global_step))


@pytest.fixture
def reporter(tmp_path):
    """A reporter in a graph with one weight, a session that gives its value, and a list of what is saved."""
    with v1.Graph().as_default():
        v1.get_variable("a/weights", [3])
        one = Reporter(RunFolder(tmp_path), SUBJECT, 100, 8)
        one.session = SimpleNamespace(run=lambda fetches: [np.array([1.0, 2.0, 4.0], np.float32)])
        one.saved = []
        yield one


@pytest.fixture
def test(reporter):
    """A function: measures, step -> what `evaluate` says where a test finds them."""

    def evaluate(found: Findings, step: int) -> float:
        evaluation = SimpleNamespace(saver=Saver(saved=reporter.saved), run=lambda session: found)
        return reporter.evaluate(reporter.session, evaluation, step)

    return evaluate


def test_events_are_not_in_the_file_of_another_writer_of_the_same_second(reporter, tmp_path):
    """TensorFlow's hook for checkpoints writes into the run's folder too; both name files by whole seconds."""
    reporter.line(1, SCALARS)
    reporter.writer.flush()
    with v1.summary.FileWriter(str(tmp_path)) as other:
        other.add_session_log(v1.SessionLog(status=v1.SessionLog.START), 1)
    assert len(reporter.run.events()) == 2 and "loss" in {value.tag for _, value in events(tmp_path)}


def test_a_histogram_counts_every_value():
    values = RNG.normal(size=(4, 7, 3)).astype(np.float32)
    found = histogram(values, 11)
    assert (found.num, found.min, found.max, len(found.bucket)) == (84, values.min(), values.max(), 11)
    assert found.sum == pytest.approx(values.sum(dtype=float))
    assert found.sum_squares == pytest.approx((values.astype(float) ** 2).sum())
    below = [np.count_nonzero(values <= limit) for limit in found.bucket_limit]
    np.testing.assert_allclose(np.cumsum(found.bucket), below, atol=1)
    nearly_equal = histogram(np.nextafter(np.float32(1), np.float32([0, 1, 2])))
    assert (len(nearly_equal.bucket), sum(nearly_equal.bucket)) == (30, 3) and nearly_equal.min < 1 < nearly_equal.max


def test_the_first_step_is_not_counted_in_the_speed(reporter, monkeypatch, capsys):
    clock = iter([50.0, 60.0, 64.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    reporter.line(1, SCALARS)
    assert "/s" not in capsys.readouterr().out
    reporter.first_step(1)
    reporter.line(5, SCALARS)  # 4 steps in 4 s at 8 faces a step
    assert "  8 faces/s  1:35 left" in capsys.readouterr().out


@pytest.mark.parametrize("step", [20, 10])  # after steps were lost: the same again, or an earlier one
def test_a_line_tells_step_loss_rate_speed_and_time_left(reporter, monkeypatch, capsys, step):
    clock = iter([70.0, 90.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    reporter.since = (50.0, 20)
    reporter.line(step, SCALARS)
    assert capsys.readouterr().out == f"step {step}/100  loss 1.234e-05  points 1234567  rate 3e-07\n"
    reporter.line(step + 20, SCALARS)  # 20 steps in 20 s at 8 faces a step
    left = 80 - step
    assert f"  8 faces/s  {left // 60}:{left % 60:02d} left" in capsys.readouterr().out
    reporter.writer.flush()
    found = [(value.tag, one, value.simple_value) for one, value in events(reporter.run.path)]
    assert [one for one in found if one[0] == "faces_per_second"] == [("faces_per_second", step + 20, 8.0)]
    assert ("loss_points", step, 1234567.0) in found and {tag for tag, *_ in found} >= set(SCALARS)


def test_the_best_is_saved_and_a_worse_one_is_not(reporter, test, capsys):
    for step, error, best in ((1, 0.03, 1), (2, 0.05, 1), (3, 0.01, 3)):
        assert test(Findings({"nme_box": error, "nme": 2 * error}, f"said at {step}"), step) == error
        assert reporter.best_step == reporter.run.best().step == best
    assert reporter.saved == [(str(reporter.run.path / "best" / "model.ckpt"), step) for step in (1, 3)]
    assert reporter.run.best().measures == {"nme_box": 0.01, "nme": 0.02}
    reporter.line(4, SCALARS)
    assert "  rate 3e-07  said at 3" in capsys.readouterr().out
    reporter.tell("end")
    assert capsys.readouterr().out == "end:  said at 3; least: box 1.00 % at step 3\n"
    resumed = Reporter(reporter.run, SUBJECT, 100, 8)
    resumed.tell("end")  # a cluster's evaluator tests, not this process
    assert capsys.readouterr().out == "" and resumed.best == reporter.best


def test_of_a_measure_that_is_to_be_high_the_highest_is_saved(reporter, test, capsys):
    measure = Measure("found", "doors found", "found", less=False)
    kind = replace(LANDMARK_RUNS, measure=measure, note="doors.json", example="street")
    reporter.subject = replace(SUBJECT, kind=kind, shown=("score", "box"))
    for step, share, best in ((1, 0.3, 1), (2, 0.7, 2), (3, 0.5, 2)):
        assert test(Findings({"found": share}, "said"), step) == -share
        assert reporter.best_step == reporter.run.best(kind).step == best
    assert reporter.run.best() is None
    reporter.tell("end")
    assert "; highest: found 70.00 % at step 2" in capsys.readouterr().out
    reporter.first_step(1)
    reporter.line(4, {"loss": 3, "loss_score": 1, "loss_box": 2, "rate": 0.5})
    assert "step 4/100  loss 3  score 1  box 2  rate 0.5  said" in (said := capsys.readouterr().out)
    assert " streets/s " in said


def test_a_test_writes_what_it_found_pictures_and_histograms(reporter, test):
    pictures = [RNG.integers(0, 256, (4, 7 + index, 3), np.uint8) for index in range(3)]
    reporter.subject = replace(SUBJECT, judge="validation")
    test(Findings({"nme_box": 0.25, "nme/a/b": 0.5}, "words", pictures, {"mae": 3.5}), 7)
    written = {value.tag: (step, value) for step, value in events(reporter.run.path)}
    numbers = {"validation/nme_box": 0.25, "validation/nme/a/b": 0.5, "validation/mae": 3.5}
    assert {tag: written[tag][1].simple_value for tag in numbers} == numbers
    assert written["a/weights"][1].histo.sum == 7.0
    png = written["validation/face2"][1].image.encoded_image_string
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    np.testing.assert_array_equal(picture, pictures[2])
    assert {step for step, _ in written.values()} == {7} and not any(tag.startswith("test/") for tag in written)
    assert set(reporter.run.best().measures) == {"nme_box", "nme/a/b"}


def test_without_records_that_judge_nothing_is_tested(reporter, test):
    reporter.subject = replace(SUBJECT, judged=0)
    assert np.isnan(test(None, 7)) and reporter.saved == [] and reporter.found == ""
    assert {value.tag for _, value in events(reporter.run.path)} == {"a/weights"}
    reporter.subject = SUBJECT
    assert np.isnan(test(Findings({"nme": 0.1}, "nothing measured by box"), 8)) and reporter.best is None
