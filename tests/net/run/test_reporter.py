import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.plugins.hparams import metadata

from net.run import reporter as reports
from net.run.reporter import Reporter, fit_of, histogram, nme_table, run_through
from records import metrics
from records.drawing import draw_answer
from records.landmarks import IBUG_68
from tests.records.test_metrics import by_hand

v1 = tf.compat.v1
RNG = np.random.default_rng(13)
SCALARS = {"loss": 3.0, "loss_points": 2.5, "loss_decay": 0.5, "rate": 0.001}


def answers(faces=5, error=0.02) -> dict:
    label = RNG.uniform(0.2, 0.8, (faces, 136)).astype(np.float32)
    return {
        "label": label,
        "predicted": label + RNG.normal(0, error, label.shape).astype(np.float32),
        "subset": np.array([b"set/AFW", b"set/HELEN", b"set/AFW", b"set/HELEN", b"set/AFW"][:faces]),
        # pitch, yaw, roll in degrees: AFW looks ahead, then far to a side; HELEN's yaw is not known
        "pose": np.radians([[50, 10, 0], [0, np.nan, 0], [0, -70, 0], [0, np.nan, 0], [50, -5, 0]])[:faces],
        "image": RNG.integers(0, 256, (faces, 32, 32, 3), np.uint8),
        "loss": np.array([2.0, 5.0], np.float32),  # of two batches
    }


def events(folder) -> list:
    """The summary values of a folder's TensorBoard files: (step, value)."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in v1.train.summary_iterator(str(path)):
            found += [(event.step, value) for value in event.summary.value]
    return found


@pytest.fixture
def reporter(tmp_path, monkeypatch):
    """A reporter in a graph with one weight, a session that gives its value, and a list of what is saved."""
    records = SimpleNamespace(count=lambda split: 5, scheme=IBUG_68, judge="test")
    with v1.Graph().as_default():
        v1.get_variable("a/weights", [3])
        one = Reporter(tmp_path, records, 100, 0, 8)
        one.session = SimpleNamespace(run=lambda fetches: [np.array([1.0, 2.0, 4.0], np.float32)])
        one.saved = []
        saver = SimpleNamespace(save=lambda session, path, global_step, **others: one.saved.append((path, global_step)))
        one.model = SimpleNamespace(best_saver=saver)
        yield one


def test_events_are_not_in_the_file_of_another_writer_of_the_same_second(reporter, tmp_path):
    """TensorFlow's hook for checkpoints writes into the run's folder too; both name files by whole seconds."""
    reporter.line(1, SCALARS)
    reporter.writer.flush()
    (file,) = tmp_path.glob("events.out.tfevents.*")
    other = v1.summary.FileWriter(str(tmp_path))
    other.add_session_log(tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START), 1)
    other.close()
    names = {path.name for path in tmp_path.glob("events.out.tfevents.*")}
    assert len(names) == 2 and file.name.endswith(".reports")
    assert "loss" in {value.tag for _, value in events(tmp_path)}


def test_errors_are_those_of_the_metrics_in_all_by_subset_and_by_yaw():
    found = answers()
    true, predicted = (found[key].reshape(-1, 68, 2).astype(float) for key in ("label", "predicted"))
    each = [by_hand(p, t, np.hypot(*(t[36] - t[45]))) for p, t in zip(predicted, true, strict=True)]
    boxed = [by_hand(p, t, np.sqrt(np.prod(np.ptp(t, axis=0)))) for p, t in zip(predicted, true, strict=True)]
    expected = {
        "nme": np.mean(each),
        "nme_box": np.mean(boxed),
        "nme/set/AFW": np.mean(each[::2]),
        "nme_box/set/AFW": np.mean(boxed[::2]),
        "nme/set/HELEN": np.mean(each[1::2]),
        "nme_box/set/HELEN": np.mean(boxed[1::2]),
        f"nme/set/AFW/{metrics.YAW_BINS[0]}": np.mean([each[0], each[4]]),
        f"nme_box/set/AFW/{metrics.YAW_BINS[0]}": np.mean([boxed[0], boxed[4]]),
        f"nme/set/AFW/{metrics.YAW_BINS[2]}": each[2],
        f"nme_box/set/AFW/{metrics.YAW_BINS[2]}": boxed[2],
    }
    assert nme_table(found, IBUG_68) == pytest.approx(expected, rel=1e-5)


def test_errors_that_no_face_has_are_left_out():
    found = answers()
    found["label"][1::2] = np.nan
    names = set(nme_table(found, IBUG_68))
    assert {"nme", "nme_box", "nme/set/AFW", "nme_box/set/AFW"} < names
    assert not any("HELEN" in name for name in names)


def test_a_histogram_counts_every_value():
    values = RNG.normal(size=(4, 7, 3)).astype(np.float32)
    found = histogram(values, 11)
    assert (found.num, sum(found.bucket), len(found.bucket), len(found.bucket_limit)) == (84, 84, 11, 11)
    assert found.min == values.min() and found.max == values.max()
    assert found.sum == pytest.approx(values.sum(dtype=float))
    assert found.sum_squares == pytest.approx((values.astype(float) ** 2).sum())
    below = [np.count_nonzero(values <= limit) for limit in found.bucket_limit]
    np.testing.assert_allclose(np.cumsum(found.bucket), below, atol=1)


def test_a_histogram_of_nearly_equal_values_is_one_too():
    values = np.nextafter(np.float32(1), np.float32([0, 1, 2]))
    found = histogram(values)
    assert (len(found.bucket), sum(found.bucket)) == (30, 3) and found.min < 1 < found.max


def test_answers_of_all_batches_are_put_together():
    parts = [answers(5), answers(2)]

    class Session:
        def run(self, fetches):
            if fetches == "start":
                self.left = iter(parts)
                return None
            part = next(self.left, None)
            if part is None:
                raise tf.errors.OutOfRangeError(None, None, "end")
            return {key: part[key] for key in fetches}

    model = SimpleNamespace(
        eval_iterator=SimpleNamespace(initializer="start"),
        eval_batch=dict.fromkeys(("label", "predicted", "subset", "pose", "image", "loss")),
    )
    session = Session()
    for _ in range(2):
        found = run_through(session, model)
        for key in ("label", "predicted", "subset", "pose"):
            np.testing.assert_array_equal(found[key], np.concatenate([part[key] for part in parts]))
        np.testing.assert_array_equal(found["image"], parts[0]["image"])


def test_a_line_tells_step_loss_rate_speed_and_time_left(reporter, monkeypatch, capsys):
    reporter.since = (50.0, 0)
    monkeypatch.setattr(reports.time, "monotonic", lambda: 70.0)
    reporter.line(20, SCALARS)
    line = capsys.readouterr().out
    # 20 steps in 20 s at 8 faces a step, 80 steps left
    for part in ("step 20/100", "loss 3.0000", "points 2.5000", "rate 0.001000", "8 faces/s", "1:20 left"):
        assert part in line
    reporter.writer.flush()
    found = {value.tag: (step, value.simple_value) for step, value in events(reporter.run)}
    assert found["loss"] == (20, 3.0) and found["faces_per_second"] == (20, 8.0)
    assert set(found) >= set(SCALARS)


@pytest.mark.parametrize("step", [20, 10])  # the same again, or an earlier one
def test_a_line_after_steps_were_lost_has_no_speed(reporter, monkeypatch, capsys, step):
    clock = iter([70.0, 90.0])
    monkeypatch.setattr(reports.time, "monotonic", lambda: next(clock))
    reporter.since = (50.0, 20)
    reporter.line(step, SCALARS)
    assert capsys.readouterr().out == f"step {step}/100  loss 3.0000  points 2.5000  rate 0.001000\n"
    reporter.line(step + 20, SCALARS)  # counted from there
    line = capsys.readouterr().out
    assert f"  8 faces/s  {(80 - step) // 60}:{(80 - step) % 60:02d} left" in line
    reporter.writer.flush()
    found = [(one, value.simple_value) for one, value in events(reporter.run) if value.tag == "faces_per_second"]
    assert found == [(step + 20, 8.0)]


def test_the_best_is_saved_and_a_worse_one_is_not(reporter, monkeypatch, capsys):
    for step, error in ((1, 0.03), (2, 0.05), (3, 0.01)):
        monkeypatch.setattr(reports, "run_through", lambda *args, error=error: answers(error=error))
        reporter.evaluate(reporter.session, reporter.model, step)
        assert reporter.best_step == {1: 1, 2: 1, 3: 3}[step]
    assert [step for _, step in reporter.saved] == [1, 3]
    assert {path for path, _ in reporter.saved} == {str(reporter.run / "best" / "model.ckpt")}
    best = json.loads((reporter.run / "best" / "nme.json").read_text())
    assert best["step"] == 3 and {"nme", "nme_box", "nme/set/AFW"} < set(best)
    reporter.line(4, SCALARS)
    assert f"test NME {100 * best['nme']:.2f} % (box {100 * best['nme_box']:.2f} %)" in capsys.readouterr().out


def test_the_least_error_is_told_with_its_step(reporter, capsys):
    reporter.tell("start")  # nothing was tested
    reporter.best, reporter.best_step = 0.0125, 40
    reporter.tell("end")  # a cluster's evaluator tests, not this process
    assert capsys.readouterr().out == ""
    reporter.nme = "  test NME 3.10 % (box 2.50 %)"
    reporter.tell("end")
    assert capsys.readouterr().out == "end:  test NME 3.10 % (box 2.50 %); least: box 1.25 % at step 40\n"


def test_a_resumed_run_remembers_its_best(reporter, monkeypatch):
    (reporter.run / "best").mkdir()
    (reporter.run / "best" / "nme.json").write_text(json.dumps({"step": 7, "nme_box": 1e-6}))
    again = Reporter(reporter.run, reporter.records, 100, 9, 8)
    assert (again.best, again.best_step) == (1e-6, 7)
    monkeypatch.setattr(reports, "run_through", lambda *args: answers())
    again.evaluate(reporter.session, reporter.model, 10)
    assert reporter.saved == [] and again.best_step == 7


def test_a_run_resumed_before_its_first_best_counts_from_its_start(reporter):
    again = Reporter(reporter.run, reporter.records, 100, 9, 8)
    assert (again.best, again.best_step) == (np.inf, 0)


def test_hyper_parameters_and_the_graph_are_in_tensorboard(reporter):
    reporter.start(v1.get_default_graph(), {"rate": 0.25, "head": "dense", "depth": 2, "warm": True})
    reporter.writer.flush()
    (path,) = reporter.run.glob("events.out.tfevents.*")
    graphs = [event.graph_def for event in v1.train.summary_iterator(str(path)) if event.graph_def]
    assert "a/weights" in {node.name for node in v1.GraphDef.FromString(graphs[0]).node}
    assert hyper_parameters_in(reporter.run) == {"rate": 0.25, "head": "dense", "depth": 2.0, "warm": True}


def hyper_parameters_in(folder) -> dict:
    """What TensorBoard's HParams plugin finds in a folder's event files."""
    (value,) = [value for _, value in events(folder) if value.tag == metadata.SESSION_START_INFO_TAG]
    assert value.metadata.plugin_data.plugin_name == metadata.PLUGIN_NAME
    found = metadata.parse_session_start_info_plugin_data(value.metadata.plugin_data.content).hparams
    return {name: getattr(one, one.WhichOneof("kind")) for name, one in found.items()}


def test_an_evaluation_writes_errors_pictures_and_histograms(reporter, monkeypatch):
    found = answers()
    monkeypatch.setattr(reports, "run_through", lambda *args: found)
    error = reporter.evaluate(reporter.session, reporter.model, 7)
    assert error == nme_table(found, IBUG_68)["nme_box"]
    written = {value.tag: (step, value) for step, value in events(reporter.run)}
    assert written["test/nme"][1].simple_value == pytest.approx(nme_table(found, IBUG_68)["nme"], rel=1e-5)
    assert written["a/weights"][1].histo.sum == 7.0
    png = written["test/face4"][1].image.encoded_image_string
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    drawn = draw_answer(found["image"][4], found["label"][4], found["predicted"][4])
    np.testing.assert_array_equal(picture, drawn)
    assert {step for step, _ in written.values()} == {7}


def test_faces_without_known_eyes_have_no_inter_ocular_error(reporter, monkeypatch, capsys):
    found = answers()
    found["label"][:, 72:74] = np.nan
    monkeypatch.setattr(reports, "run_through", lambda *args: found)
    reporter.evaluate(reporter.session, reporter.model, 7)
    assert "nan %" in reporter.nme and reporter.saved


def test_without_test_records_there_are_histograms_alone(reporter):
    reporter.records = SimpleNamespace(count=lambda split: 0, scheme=IBUG_68, judge="test")
    assert np.isnan(reporter.evaluate(reporter.session, reporter.model, 7))
    assert {value.tag for _, value in events(reporter.run)} == {"a/weights"}
    assert reporter.saved == [] and reporter.nme == ""


def test_loss_and_mae_for_the_curves(reporter, monkeypatch):
    found = answers()
    found["label"][0, :10] = np.nan
    off = np.abs(found["predicted"].astype(float) - found["label"])
    expected = {"loss": 3.5, "mae": 128 * off[np.isfinite(off)].mean()}
    assert fit_of(found) == pytest.approx(expected, rel=1e-5)
    monkeypatch.setattr(reports, "run_through", lambda *args: found)
    reporter.records.judge = "validation"
    reporter.evaluate(reporter.session, reporter.model, 7)
    written = {value.tag: value.simple_value for _, value in events(reporter.run)}
    assert written["validation/mae"] == pytest.approx(expected["mae"], rel=1e-5)
    assert written["validation/loss"] == 3.5 and "validation/nme" in written
    assert "validation/face0" in written and not any(tag.startswith("test/") for tag in written)
    assert reporter.nme.startswith("  validation NME ")
