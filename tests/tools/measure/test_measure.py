"""The scripts that measure detection, roll, pose, video and batches, and tools/evaluation/held_out.py."""

import numpy as np
import pytest

from infer.faces.face import face_of
from infer.faces.pose import mean_face, pose_of
from infer.files.boxes import read_boxes
from infer.geometry.boxes import box_of
from infer.geometry.rotations import rotation_of
from infer.video.smoothing import OneEuro, SmoothingSettings
from records.split import split_of
from tests.helpers.drawn import HEIGHT, WIDTH, draw_set, symmetric_face
from tools.evaluation.held_out import held_out, read_all
from tools.measure import batches as measure_batches
from tools.measure import detection as measure_detection
from tools.measure import pose as measure_pose
from tools.measure import roll as measure_roll
from tools.measure import video as measure_video
from tools.measure.video import EDGE, RATE, Clip
from tools.read import formats as readers
from tools.read.face import Face


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Drawn faces of 40 photos in two views, some of them held out; not to be changed."""
    return draw_set(tmp_path_factory.mktemp("measure") / "tiny", sources=40, views=2)


@pytest.fixture(scope="module")
def truth(drawn):
    """The true points of every drawn picture, by its bytes."""
    return {face.image.tobytes(): face.points for _, face in read_all(held_out([drawn], split="all"))}


class Oracle:
    """A landmarker that knows the drawn faces, off by a given share of the box, and finds what it is told to."""

    def __init__(self, truth, off=0.01, finds=lambda points: [points]):
        self.truth, self.off, self.finds = truth, off, finds

    def detect(self, image, passes=2):
        return [face_of(points, 0.9) for points in self.finds(self.truth[image.tobytes()])]

    def fit(self, image, boxes, passes=2, upright=True):
        edge = np.ptp(np.asarray(boxes[0]).reshape(2, 2), axis=0).max()
        return self.truth[image.tobytes()][None] + np.float32((self.off * edge, 0))


def test_only_sources_of_the_test_side_and_so_many_of_each_subset(drawn):
    items = held_out([drawn])
    every = readers.find(drawn, drawn.name)
    assert {item.key for item in items} == {item.key for item in every if split_of(item.source, 0.1) == "test"}
    assert 0 < len(items) < len(every) == len(held_out([drawn], split="all"))
    few = held_out([drawn], 3, seed=1, split="all")
    assert sorted(item.subset for item in few) == ["AFW"] * 3 + ["HELEN"] * 3
    assert [item.key for item in few] == [item.key for item in held_out([drawn], 3, seed=1, split="all")]
    assert [item.key for item in few] != [item.key for item in held_out([drawn], 3, seed=2, split="all")]
    with pytest.raises(ValueError, match="found no faces of the split nothing"):
        held_out([drawn], split="nothing")


def test_missed_and_invented_are_counted(drawn, truth):
    items = held_out([drawn], split="all")
    elsewhere = symmetric_face() * 8 + (12, 12)
    calls = []

    def finds(points):
        calls.append(1)
        return [[], [points], [points, elsewhere], [points + 200]][len(calls) % 4]

    rows = measure_detection.measure(Oracle(truth, 0.02, finds), items)
    assert len(rows) == 80 and sum(row.found for row in rows) == 40
    assert sum(row.invented for row in rows) == 40  # 20 elsewhere, 20 too far from their face
    for row in rows:
        assert row.true_box > 0.015 and (row.detector_box < 1e-6 if row.found else np.isnan(row.detector_box))
    # the drawn poses: 0.3 radians of yaw for each view
    assert {row.name for row in rows} == {"tiny/AFW, yaw 0-30", "tiny/HELEN, yaw 0-30"}
    lines = measure_detection.table(rows).splitlines()
    assert len(lines) == 4 and lines[2].startswith("| tiny/AFW, yaw 0-30 | 40 | ")
    name, number, missed, invented, own, other, difference = lines[2].split(" | ")
    mine = [row for row in rows if row.name == "tiny/AFW, yaw 0-30"]
    assert float(missed) == pytest.approx(100 * np.mean([not row.found for row in mine]), abs=0.06)
    assert float(own) > 1.5 and float(other) == 0 and float(difference.rstrip(" |")) == -float(own)


def test_of_photos_only_the_counts_are_shown():
    row = measure_detection.Row("photos", True, 1, 0.1, 0.1)
    assert measure_detection.table([row]).splitlines()[-1] == "| photos | 1 | 0.0 | 100.0 | | | |"


def test_the_table_of_rolls():
    lines = measure_roll.table({(roll, way): [0.05, 0.2] for roll in (0, 30, 60) for way in ("a", "b")}).splitlines()
    assert lines[2:] == [f"| {roll} | 2 | 12.50 (50.0) | 12.50 (50.0) |" for roll in ("0°", "±30°", "±60°")]


def test_every_face_is_rolled_both_ways_and_fitted_in_every_way(drawn):
    class Corner:
        """Answers the box's corner for every point."""

        def fit(self, image, boxes, passes=2, upright=True):
            return np.repeat(np.asarray(boxes)[:, None, :2], 68, axis=1)

        def answers(self, image, boxes, passes):
            return [None, self.fit(image, boxes)]

    (item, face), *_ = read_all(held_out([drawn], split="all"))
    errors = measure_roll.measure(Corner(), [item])
    assert {roll: len(values) for (roll, _), values in errors.items()} == {0: 1, 30: 2, 60: 2}
    assert len(errors) == 3 * 4
    off = np.linalg.norm(face.points - face.points.min(axis=0), axis=1).mean()
    expected = off / np.linalg.norm(face.points[45] - face.points[36])
    assert errors[0, "1 pass"] == errors[0, "as fit does"] == [pytest.approx(expected, rel=1e-3)]


def test_faces_with_unknown_points_are_not_rolled(monkeypatch):
    """The box of their known points would be that of a smaller face."""
    partly = Face(np.zeros((9, 9, 3), np.uint8), np.full((68, 2), np.nan), np.array([1, 1, 5, 5]))
    monkeypatch.setattr(measure_roll, "read_all", lambda items: [(None, partly)])
    with pytest.raises(ValueError, match="found no face with all its points known among 1 held-out ones"):
        measure_roll.measure(None, [None])


def test_errors_of_poses_by_hand():
    pose = np.array([0.1, -0.6, 0.2])
    points = (mean_face().points @ rotation_of(pose).T)[:, :2] * (60, -60)
    np.testing.assert_allclose(measure_pose.errors_of(points, pose), [0, 0, 0, 0], atol=1.0)
    yaw, pitch, roll, turn = measure_pose.errors_of(points, np.array([0.1, -0.4, 0.2]))
    assert yaw == pytest.approx(np.degrees(0.2), abs=1) and turn == pytest.approx(np.degrees(0.2), abs=1)
    assert pitch < 1 and roll < 1
    found = pose_of(rotation_of(pose))
    np.testing.assert_allclose([found.pitch, found.yaw, found.roll], np.degrees(pose))
    yaws, errors = np.array([0.1, 0.8, -0.9]), np.arange(12.0).reshape(3, 4)
    lines = measure_pose.table(yaws, errors, errors * 2).splitlines()
    assert lines[2] == "| yaw 0-30 | 1 | 0.0 | 1.0 | 2.0 | 3.0 | 0.0 | 2.0 | 4.0 | 6.0 |"
    assert lines[3].startswith("| yaw 30-60 | 2 | 6.0 |") and lines[-1].startswith("| all | 3 | 4.0 |")


def face(value: int) -> Face:
    """A face of one brightness in a picture of its own."""
    points = symmetric_face() * 60 + (110, 90)
    return Face(np.full((180, 220, 3), value, np.uint8), points.astype(np.float32), box_of(points))


def test_a_clip_moves_as_it_says():
    clip = measure_video.make_clip((face(60), face(200)), 0.5, 2.0, np.random.default_rng(0))
    assert clip.frames.shape == (60, 480, 640, 3) and clip.points.shape == (60, 2, 68, 2)
    steps = np.diff(clip.points[..., 0].mean(axis=2), axis=0) * RATE
    np.testing.assert_allclose(np.abs(steps[:10]), 0.5 * EDGE, rtol=1e-3)
    np.testing.assert_allclose(steps[:10, 0], -steps[:10, 1], rtol=1e-3)
    np.testing.assert_allclose(steps[:10], clip.velocity[:10], rtol=1e-3)
    assert np.ptp(clip.points[0, 0], axis=0).max() == pytest.approx(EDGE, rel=1e-3)
    still = measure_video.make_clip((face(60), face(200)), 0.0, 0.2, np.random.default_rng(0))
    assert (still.points == still.points[0]).all() and (still.frames[0] != still.frames[1]).any()


def test_jitter_and_lag_by_hand():
    count, speed = 120, 0.4 * EDGE
    way = speed * np.arange(count) / RATE
    true = np.zeros((count, 1, 68, 2)) + np.stack([way, 0 * way], axis=1)[:, None, None]
    velocity = np.tile([speed], (count, 1))
    velocity[60:] = -speed
    true[60:, ..., 0] = true[59, ..., 0] - (true[60:, ..., 0] - true[59, ..., 0])
    late = true.copy()
    late[..., 0] -= np.sign(velocity)[..., None] * speed * 0.05  # 50 ms behind, both ways
    clip = Clip(np.zeros(count), true, velocity)
    found = measure_video.judge(late, clip)
    assert found["lag"] == pytest.approx(50, rel=0.06) and found["error"] == pytest.approx(2.0, rel=0.01)
    assert found["jitter"] == pytest.approx(1000 * 2 * 0.05 * speed / 89 / EDGE, rel=0.01)  # the one turn
    assert measure_video.judge(true, clip)["lag"] == pytest.approx(0, abs=1e-6)
    gone = late.copy()
    gone[60:75] = np.nan
    assert measure_video.judge(gone, clip)["lost"] == pytest.approx(15 / 90)


def test_smoothing_is_that_of_the_tracker():
    answers = np.random.default_rng(0).normal(0, 1, (12, 2, 68, 2)) + 100
    answers[5, 1] = np.nan
    found, smooth = measure_video.smoothed(answers, SmoothingSettings(2.0, 5.0)), OneEuro(SmoothingSettings(2.0, 5.0))
    for index in range(12):
        np.testing.assert_allclose(found[index, 0], smooth(answers[index, 0], index / RATE), rtol=1e-6)
    assert np.isnan(found[5, 1]).all() and np.isfinite(found[6, 1]).all()


def test_batches_are_held_against_bare_decoding(tmp_path, monkeypatch, capsys, drawn):
    commands = []
    monkeypatch.setattr(measure_batches.subprocess, "run", lambda command, **_: commands.append(command))
    assert measure_batches.main([str(drawn / "AFW")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| 40 pictures, ") and len(lines) == 3 + len(measure_batches.WAYS) == 3 + len(commands)
    bare = float(lines[2].split("|")[2])
    for line in lines[3:]:
        rate, ratio = map(float, line.split("|")[2:4])
        assert ratio == pytest.approx(rate / bare, rel=0.02)
    boxes = measure_batches.write_boxes([(next((drawn / "AFW").glob("*.jpg")), "a.jpg")], tmp_path / "b.csv")
    np.testing.assert_array_equal(read_boxes(boxes)["a.jpg"], [[WIDTH / 4, HEIGHT / 4, WIDTH * 3 / 4, HEIGHT * 3 / 4]])
    (tmp_path / "empty").mkdir()
    assert measure_batches.main([str(tmp_path / "empty")]) == 2
    assert "empty: found no pictures" in capsys.readouterr().err


@pytest.mark.parametrize("script", [measure_detection, measure_roll, measure_pose, measure_video])
def test_what_is_missing_is_one_line(script, tmp_path, capsys):
    options = ["--data"] if script is measure_detection else []
    assert script.main([*options, str(tmp_path / "none")]) == 2
    err = capsys.readouterr().err
    assert "none" in err and err.count("\n") == 1
