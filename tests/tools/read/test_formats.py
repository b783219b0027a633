import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from records.landmarks import IBUG_68, KAGGLE_15
from tests.helpers.drawn import draw_face, random_face
from tests.tools.read.test_dlib import box, parts
from tests.tools.read.test_dlib import write as write_dlib
from tests.tools.read.test_kaggle import HEADER
from tests.tools.read.test_kaggle import row as kaggle_row
from tests.tools.read.test_kaggle import write as write_kaggle
from tests.tools.read.test_points_csv import header, row
from tests.tools.read.test_points_csv import write as write_csv
from tests.tools.read.test_pts import write as write_pts
from tools.read import formats as readers

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared" / "data"
NAMES = ["300w-lp", "aflw2000", "pts", "dlib", "coco", "csv", "kaggle"]


def test_every_reader_has_the_whole_interface():
    assert list(readers.FORMATS) == NAMES
    assert {reader.ORIGIN for reader in readers.FORMATS.values()} == {0.0, 1.0}


def test_the_worker_processes_load_no_tensorflow():
    code = "import sys; import tools.make.cut; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_300w_lp_is_told_by_its_folders(face_set, tmp_path):
    assert readers.detect(face_set).FORMAT == "300w-lp"
    items = readers.find(face_set, "set")
    assert len(items) == 30
    assert np.isfinite(readers.read(items[0], "pts_3d").points).all()
    assert not readers.FORMATS["300w-lp"].matches(tmp_path) and not readers.FORMATS["300w-lp"].matches(tmp_path / "a")
    (tmp_path / "AFW").mkdir()
    assert not readers.FORMATS["300w-lp"].matches(tmp_path)
    (tmp_path / "AFW" / "a.jpg").touch()
    (tmp_path / "AFW" / "a.mat").touch()
    assert readers.FORMATS["300w-lp"].matches(tmp_path)


@pytest.mark.parametrize(
    "path, name",
    [
        ("300W_LP", "300w-lp"),
        ("300W", "300w-lp"),
        ("genuine/300W_LP", "300w-lp"),
        ("genuine/AFLW2000", "aflw2000"),
        ("photos", "dlib"),
        ("photos/testing_with_face_landmarks.xml", "dlib"),
        ("kaggle", "kaggle"),
        ("kaggle/training.zip", "kaggle"),
        ("kaggle/test.zip", "kaggle"),
    ],
)
def test_real_sets_are_told(path, name):
    if not SHARED.is_dir():
        pytest.skip(f"no real data at {SHARED}")
    detected = readers.detect(SHARED / path)
    assert detected is readers.FORMATS[name]


def test_a_format_is_told_or_given(tmp_path):
    path = write_csv(tmp_path, header(), row())
    for format in (None, "csv"):
        (item,) = readers.find(path, "set", format)
        assert item.format == "csv" and readers.read(item, "pts_2d").points.shape == (68, 2)
    with pytest.raises(ValueError, match="found malformed XML"):
        readers.find(path, "set", "dlib")


def test_what_is_no_set_or_two(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: found no such file or folder, expected a data set"):
        readers.detect(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=f"found no format that fits, expected one of {', '.join(NAMES)}; --format"):
        readers.detect(tmp_path)
    write_csv(tmp_path, header(), row())
    write_dlib(tmp_path, box(parts()))
    with pytest.raises(
        ValueError, match=r"found more than one format that fits \(dlib, csv\), expected one of 300w-lp"
    ):
        readers.detect(tmp_path)
    assert readers.find(tmp_path, "set", "dlib")[0].format == "dlib"
    with pytest.raises(ValueError, match="format: found 'xls', expected one of 300w-lp, aflw2000, pts, dlib"):
        readers.find(tmp_path, "set", "xls")


def test_items_and_faces_say_their_scheme(tmp_path):
    write_pts(tmp_path / "pts")
    sets = [(tmp_path / "pts", IBUG_68), (write_kaggle(tmp_path, HEADER, kaggle_row()), KAGGLE_15)]
    sets.append((write_csv(tmp_path, header(15), row(np.arange(30.0).reshape(15, 2))), KAGGLE_15))
    for path, scheme in sets:
        (item,) = readers.find(path, "set")
        assert item.scheme is scheme and readers.read(item, "pts_2d").scheme is scheme


def test_pictures_are_read_as_stored(tmp_path):
    """EXIF says how to turn a picture; the points of annotated sets belong to the pixels as they are stored."""
    points = random_face(np.random.default_rng(2))
    write_pts(tmp_path)
    data = cv2.imencode(".jpg", draw_face(points, np.random.default_rng(2)))[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    (tmp_path / "face.jpg").write_bytes(data[:2] + segment + data[2:])
    assert readers.read(readers.find(tmp_path, "set")[0], "pts_2d").image.shape == (190, 230, 3)
