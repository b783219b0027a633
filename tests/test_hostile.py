"""Broken and hostile input has a defined outcome: a sample is skipped with a reason, or a run stops, losing nothing."""

import errno
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from infer.files import atomic
from infer.geometry.rotations import rotation
from records import shards
from records.landmarks import IBUG_68, KAGGLE_15, SCHEMES, convert, flip_points, scheme_of
from tests.conftest import RECORD_OPTIONS, ROOT
from tests.fuzz.damage import png_bomb
from tests.helpers.annotated import IMAGE, POINTS, unknown
from tests.helpers.drawn import HEIGHT, WIDTH, points_98, write_face
from tools import make_records
from tools.make import parts
from tools.make.cut import MIRRORED, Cut, CutSettings, eye_span
from tools.make.workers import cut_chunk
from tools.read.face import BadSample, Item
from tools.read.matfile import read_mat
from tools.read.w300lp import find

NAME = "AFW_1_1_0"
RAW = CutSettings("pts_2d", 128, 0.15, 0, "raw")


def one(folder: Path, points=POINTS, pose=None, **others) -> Item:
    """The only face of a set; others: further arrays of its `_pts.mat`."""
    old = None if pose is None else {"Pose_Para": np.float32([[*pose, 0, 0, 0, 0]])}
    write_face(folder, "AFW", NAME, IMAGE, {"pts_2d": points, **others}, old)
    (item,) = find(folder, "set")
    return item


def skipped(item: Item) -> tuple[str, str]:
    """Reason and message with which the workers skip it."""
    (result,) = cut_chunk([item], RAW)
    assert isinstance(result, BadSample)
    return result.reason, str(result)


def taken(item: Item) -> Cut:
    (result,) = cut_chunk([item], RAW)
    assert isinstance(result, Cut), result
    return result


# Pictures


@pytest.mark.parametrize(
    "content, found",
    [
        (lambda data: data[: len(data) * 2 // 3], "a truncated JPEG"),
        (lambda data: b"MATLAB 5.0 MAT-file" + bytes(200), "no picture that it knows"),
        (lambda data: png_bomb(30_000), "30000x30000 pixels"),
    ],
)
def test_a_broken_picture_is_skipped(tmp_path, monkeypatch, content, found):
    item = one(tmp_path)
    data = content(item.picture.read_bytes())
    item.picture.write_bytes(data)
    assert len(data) < 500_000
    if "truncated" in found:
        assert cv2.imread(str(item.picture)).shape == IMAGE.shape  # OpenCV says nothing
    else:
        monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    reason, message = skipped(item)
    assert reason == "unreadable picture" and f"{NAME}.jpg: found {found}" in message


def test_a_skipped_sample_does_not_keep_its_picture(tmp_path):
    """Sixteen of 100 megapixels in one chunk took 3.6 GB."""
    (result,) = cut_chunk([one(tmp_path, POINTS + 900)], RAW)
    assert result.reason == "face outside the picture"
    assert result.__traceback__ is None and result.__context__ is None


# Annotations


@pytest.mark.parametrize(
    "place, found",
    [
        ((WIDTH / 2, HEIGHT + WIDTH + 9), "a point lies 239 px outside the picture"),
        ((5e7, 20), "found a coordinate of 5e+07"),
    ],
)
def test_a_point_far_outside_the_picture_is_skipped(tmp_path, place, found):
    points = POINTS.copy()
    points[30] = place
    reason, message = skipped(one(tmp_path, points))
    assert reason == "points far outside" and message.startswith(f"{NAME}_pts.mat: {found}")
    taken(one(tmp_path, POINTS - np.float32([POINTS[:, 0].min() + 40, 0])))  # a little outside


def test_an_impossible_pose_is_skipped_and_an_unknown_one_kept(tmp_path):
    assert skipped(one(tmp_path, pose=(0.1, 1e9, 0.2)))[0] == "impossible pose"
    assert np.isnan(taken(one(tmp_path, pose=(np.nan,) * 3)).pose).all()


# Left and right exchanged


@pytest.mark.parametrize("angle", [0, 90, 225])
def test_a_mirrored_order_is_skipped_however_the_face_is_turned(tmp_path, angle):
    turned = (POINTS - POINTS.mean(axis=0)) @ rotation(np.radians(angle)).T
    points = (turned + np.array([WIDTH, HEIGHT]) / 2).astype(np.float32)
    taken(one(tmp_path, points))
    taken(one(tmp_path, flip_points(points, WIDTH)))
    reason, message = skipped(one(tmp_path, points[list(IBUG_68.flip)]))
    assert reason == "mirrored order" and message.startswith(f"{NAME}_pts.mat: left and right are exchanged")


def test_a_profile_unknown_eyes_and_another_scheme_are_no_mirrored_order(tmp_path):
    middle = POINTS[27:31].mean(axis=0)
    for squeeze in (0.05, -0.1):  # seen from the side, and a little from behind
        taken(one(tmp_path, (middle + (POINTS - middle) * [squeeze, 1]).astype(np.float32)))
    mirrored = POINTS[list(IBUG_68.flip)]
    assert np.isnan(eye_span(unknown(mirrored, 40))) and np.isnan(eye_span(POINTS[:15], scheme_of("points15")))
    assert np.isnan(eye_span(POINTS[:5], scheme_of("points5"))) and np.isnan(
        eye_span(unknown(POINTS[:15], 11), KAGGLE_15)
    )


@pytest.mark.parametrize("name", SCHEMES)
def test_five_points_of_every_scheme_tell_a_mirrored_order(name):
    scheme = SCHEMES[name]
    points = convert(points_98(POINTS), SCHEMES["wflw98"], scheme)
    assert eye_span(points, scheme) > MIRRORED and eye_span(points[list(scheme.flip)], scheme) < -MIRRORED


def test_no_real_face_is_taken_for_mirrored_and_most_mirrored_ones_are_found(shared_data):
    paths = [
        path for name in ("300W", "300W_LP") for path in sorted(shared_data(name, "landmarks").rglob("*.mat"))[::5]
    ]
    faces = [points for path in paths for points in read_mat(path, ("pts_2d", "pts_3d")).values()]
    spans = np.array([eye_span(points) for points in faces])
    assert len(spans) > 2000 and spans.min() > -MIRRORED / 2
    assert (spans > MIRRORED).mean() > 0.9  # so many would be found, were they mirrored; the others are profiles


# Files that can't be read, a disk that is full


def test_a_png_beside_a_jpg_of_the_same_name_is_no_second_face(tmp_path):
    item = one(tmp_path)
    cv2.imwrite(str(item.picture.with_suffix(".png")), IMAGE)
    assert find(tmp_path, "set") == [item]


@pytest.mark.parametrize("part", ["picture", "annotation"])
@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "denied"), OSError(errno.EIO, "Input/output error")])
def test_a_file_that_cannot_be_read_is_skipped(tmp_path, monkeypatch, part, error):
    item, read_bytes = one(tmp_path), Path.read_bytes

    def refuse(path):  # what chmod 000 does to everybody but root, and a broken disk to root too
        if path == getattr(item, part):
            raise error
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    reason, message = skipped(item)
    assert reason == f"unreadable {part}" and getattr(item, part).name in message


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_full_disk_stops_with_one_line_and_keeps_the_existing_set(
    face_set, record_set, tmp_path, monkeypatch, capsys
):
    place = shutil.copytree(record_set, tmp_path / "set")

    def full(path, serialised):
        next(iter(serialised))
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(parts, "write_shard", full)
    options = [str(face_set), "--out", str(place), *RECORD_OPTIONS, "--workers", "1", "--overwrite"]
    assert make_records.main(options) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("make_records: ") and "No space left on device" in line
    assert hashes(place) == hashes(record_set)


def test_a_full_disk_leaves_no_shard_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.secrets, "token_hex", lambda count: "0")
    (tmp_path / f"{atomic.PREFIX}0.tfrecords").symlink_to("/dev/full")
    with pytest.raises(OSError, match="a.tfrecords: .*No space left on device"):
        shards.write_shard(tmp_path / "a.tfrecords", [b"record" * 100])
    assert list(tmp_path.iterdir()) == []


# Everything at once


def test_many_damaged_files_of_each_kind():
    command = [sys.executable, str(ROOT / "tests" / "fuzz" / "records.py"), "--drawn", "--seed", "3", "--count"]
    done = subprocess.run([*command, "96", "--workers", "1"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    sums = [line.split("|")[1:-1] for line in done.stdout.splitlines() if "**all**" in line]
    assert [row[0].strip() for row in sums] == ["NAME_pts.mat", "NAME.mat", "picture"]
    counts = np.array([[int(cell) for cell in row[2:]] for row in sums])
    assert counts[:, 0].tolist() == counts[:, 1:4].sum(axis=1).tolist() == [48, 48, 96]
    assert (counts[:, 1:4] > 0).all() and counts[:, 4].sum() == 0
