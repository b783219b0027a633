import zipfile

import numpy as np
import pytest

from infer.files import tables
from infer.geometry.crop import Crop
from infer.kaggle.files import whole_picture_box
from tests.helpers.annotated import KAGGLE_HEADER as HEADER
from tests.helpers.annotated import KAGGLE_IMAGE as IMAGE
from tests.helpers.annotated import KAGGLE_POINTS as POINTS
from tests.helpers.annotated import kaggle_row as row
from tests.helpers.annotated import unknown
from tests.helpers.annotated import write_kaggle as write
from tools.read.face import BadSample
from tools.read.kaggle import find, matches, read

LINES = (HEADER, row(), row(unknown(POINTS, 2, 14)))


def zipped(folder, **members):
    with zipfile.ZipFile(folder / "training.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("_csv", ".csv"), text)
    return folder / "training.zip"


def check(items):
    """They are the faces of LINES."""
    assert [item.key for item in items] == ["set/full/row00001", "set/partial/row00002"]
    face = read(items[1], "pts_2d")
    assert (face.image.shape, face.image.dtype) == ((96, 96, 3), np.uint8)
    assert (face.image == IMAGE[..., None]).all()
    assert face.points.dtype == np.float32
    np.testing.assert_allclose(face.points, unknown(POINTS, 2, 14), atol=1e-4)
    np.testing.assert_allclose(read(items[0]).points, POINTS, atol=1e-4)


def test_rows_of_a_csv_and_of_a_zip(tmp_path):
    check(find(write(tmp_path, *LINES), "set"))
    check(find(tmp_path, "set"))
    assert matches(tmp_path) and matches(tmp_path / "training.csv")
    path = zipped(tmp_path, training_csv="\n".join(LINES), test_csv="ImageId,Image\n")
    check(find(path, "set"))
    assert matches(path)
    check(find(zipped(tmp_path, other_csv="\n".join(LINES)), "set"))


def test_the_source_is_the_picture(tmp_path):
    other = IMAGE.copy()
    other[95, 0] ^= 1
    first, again, second = find(write(tmp_path, HEADER, row(), row(unknown(POINTS, 3)), row(image=other)), "set")
    assert first.source == again.source != second.source


def test_the_crop_is_the_whole_picture(tmp_path):
    face = read(find(write(tmp_path, HEADER, row(unknown(POINTS, *range(2, 15)))), "set")[0])
    crop = Crop.around(face.box, 0.15, 96)
    np.testing.assert_allclose([*crop.centre, crop.side], [47.5, 47.5, 96])
    np.testing.assert_array_equal(crop.cut(face.image), face.image)
    x0, y0, x1, y1 = whole_picture_box(65, 131)  # of another picture: a square in the middle
    np.testing.assert_allclose([x1 - x0, y1 - y0, x0 + x1, y0 + y1], [131 / 1.3, 131 / 1.3, 130, 64])


@pytest.mark.parametrize(
    "line, reason, found",
    [
        (row(image=IMAGE[1:]), "unreadable annotation", "row 2: found 9120 pixels"),
        (row(image=IMAGE.astype(int) + 1), "unreadable annotation", "row 2: found pixels from 1 to 256"),
        (row()[:-1] + "x", "unreadable annotation", "row 2: found pixels that are no whole numbers"),
        ("1,2", "unreadable annotation", "row 2: found 2 cells"),
        ("x" + row(), "unreadable annotation", f"row 2: found 'x{POINTS[0, 0]:.4f}' in column left_eye_center_x"),
        (row(unknown(POINTS, *range(15))), "no known point", "row00002: found no known point"),
        (row(np.full((15, 2), 9)), "points all equal", "row00002: the points span under a pixel"),
    ],
)
def test_a_wrong_row_spoils_its_face_alone(tmp_path, line, reason, found):
    good, bad = find(write(tmp_path, HEADER, row(), line), "set")
    assert np.isfinite(read(good).points).all()
    with pytest.raises(BadSample, match=f"training.csv {found}") as caught:
        read(bad)
    assert caught.value.reason == reason


def test_tables_that_are_not_the_training_set(tmp_path):
    path = write(tmp_path, "ImageId,Image", "1,2 3 4", name="test.csv")
    assert matches(path)
    with pytest.raises(ValueError, match="test.csv: found 2 columns .*, which is Kaggle's test set"):
        find(path, "set")
    with pytest.raises(ValueError, match="training.csv: found 30 columns without nose_tip_y"):
        find(write(tmp_path, HEADER.replace("nose_tip_y,", "")), "set")
    with pytest.raises(ValueError, match="training.csv: found no row under the header"):
        find(write(tmp_path, HEADER), "set")
    for folder, found in ((tmp_path / "absent", "absent: found no such file"), (tmp_path.parent, "no training.zip")):
        with pytest.raises(FileNotFoundError, match=found):
            find(folder, "set")


@pytest.mark.parametrize(
    "members, found",
    [
        ({"picture": "x"}, "0 CSV files"),
        ({"a_csv": "x", "b_csv": "x"}, "2 CSV files"),
        ({"training_csv": HEADER + "\n" + " " * 50_000_000}, "a line of 131072 characters or more"),  # of 50 kilobytes
    ],
)
def test_archives_that_are_not_kaggles(tmp_path, members, found):
    path = zipped(tmp_path, **members)
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match=f"training.zip: found {found}"):
        find(path, "set")


def test_damaged_and_huge_archives(tmp_path, monkeypatch):
    path = zipped(tmp_path, training_csv="\n".join(LINES))
    whole = path.read_bytes()
    path.write_bytes(whole[:5000] + b"\0" * 500 + whole[5500:])
    with pytest.raises(ValueError, match="training.zip: found a damaged file"):
        find(path, "set")
    path.write_bytes(whole[:-200])
    with pytest.raises(ValueError, match="training.zip: found a damaged file"):
        find(path, "set")
    assert not matches(path)
    path.write_bytes(whole)
    monkeypatch.setattr(tables, "BYTES", 1000)
    with pytest.raises(ValueError, match="training.zip: training.csv unpacks to [0-9]+ bytes"):
        find(path, "set")
