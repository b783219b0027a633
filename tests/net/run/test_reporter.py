from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from net.run import reporter as module
from net.run.evaluation import fit_of, nme_table
from net.run.folder import RunFolder
from net.run.reporter import Reporter, histogram
from records.drawing import draw_answer
from records.landmarks import IBUG_68
from records.runtime import v1
from tests.helpers.events import events
from tests.helpers.network_answers import network_answers

RNG = np.random.default_rng(13)
SCALARS = {"loss": 0.00001234, "loss_points": 1234567.0, "loss_decay": 0.5, "rate": 3e-7}


class Saver(SimpleNamespace):
    """Notes what it is to save."""

    last_checkpoints = ()

    def save(self, session, path, global_step, write_meta_graph):
        self.saved.append((path, global_step))


@pytest.fixture
def reporter(tmp_path):
    """A reporter in a graph with one weight, a session that gives its value, and a list of what is saved."""
    records = SimpleNamespace(count=lambda split: 5, scheme=IBUG_68, judge="test")
    with v1.Graph().as_default():
        v1.get_variable("a/weights", [3])
        one = Reporter(RunFolder(tmp_path), records, 100, 0, 8)
        one.session = SimpleNamespace(run=lambda fetches: [np.array([1.0, 2.0, 4.0], np.float32)])
        one.saved = []
        one.evaluation = SimpleNamespace(saver=Saver(saved=one.saved))
        yield one


@pytest.fixture
def test(reporter, monkeypatch):
    """A function: answers, step -> what `evaluate` says where the network gives those answers."""

    def evaluate(found: dict, step: int) -> float:
        monkeypatch.setattr(module, "run_through", lambda *args: found)
        return reporter.evaluate(reporter.session, reporter.evaluation, step)

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
        test(network_answers(error=error), step)
        assert reporter.best.step == reporter.run.best().step == best
    assert reporter.saved == [(str(reporter.run.path / "best" / "model.ckpt"), step) for step in (1, 3)]
    errors = reporter.run.best().measures
    assert {"nme", "nme_box", "nme/set/AFW"} < set(errors)
    reporter.line(4, SCALARS)
    said = f"test NME {100 * errors['nme']:.2f} % (box {100 * errors['nme_box']:.2f} %)"
    assert said in capsys.readouterr().out
    reporter.tell("end")
    assert f"end:  {said}; least: box {100 * errors['nme_box']:.2f} % at step 3" in capsys.readouterr().out
    resumed = Reporter(reporter.run, reporter.records, 100, 9, 8)
    resumed.tell("end")  # a cluster's evaluator tests, not this process
    assert capsys.readouterr().out == "" and resumed.best == reporter.best


def test_an_evaluation_writes_errors_pictures_and_histograms(reporter, test):
    found = network_answers()
    reporter.records.judge = "validation"
    assert test(found, 7) == nme_table(found, IBUG_68)["nme_box"]
    written = {value.tag: (step, value) for step, value in events(reporter.run.path)}
    assert written["validation/nme"][1].simple_value == pytest.approx(nme_table(found, IBUG_68)["nme"], rel=1e-5)
    for name, value in fit_of(found).items():
        assert written[f"validation/{name}"][1].simple_value == pytest.approx(value, rel=1e-5)
    assert written["a/weights"][1].histo.sum == 7.0
    png = written["validation/face4"][1].image.encoded_image_string
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    np.testing.assert_array_equal(picture, draw_answer(*(found[key][4] for key in ("image", "label", "predicted"))))
    assert {step for step, _ in written.values()} == {7} and not any(tag.startswith("test/") for tag in written)
    assert reporter.nme.startswith("  validation NME ")


def test_faces_without_known_eyes_and_no_faces(reporter, test):
    reporter.records.count = lambda split: 0
    assert np.isnan(test({}, 7)) and reporter.saved == [] and reporter.nme == ""
    assert {value.tag for _, value in events(reporter.run.path)} == {"a/weights"}
    reporter.records.count = lambda split: 5
    found = network_answers()
    found["label"][:, 72:74] = np.nan
    test(found, 7)
    assert "nan %" in reporter.nme and reporter.saved
