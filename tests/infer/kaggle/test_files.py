import zipfile

import numpy as np
import pytest

from infer.geometry.crop import Crop
from infer.kaggle.files import (
    Asked,
    check_features,
    locations,
    read_faces,
    whole_picture_box,
    write_submission,
)
from tests.helpers.drawn_kaggle import text_of, write

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (3, 96, 96)).astype(np.uint8)
NAMES = ("nose", "chin")


def rows(ids=("7", "2", "x")):
    return ["ImageId,Image", *(f"{name},{text_of(image)}" for name, image in zip(ids, IMAGES, strict=True))]


def test_faces_of_a_csv_and_of_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "test.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("test.csv", "\n".join(rows()))
        archive.writestr("other.csv", "nothing")
    for file in (write(tmp_path, *rows()), tmp_path / "test.zip"):
        names, images = zip(*read_faces(file), strict=True)
        assert names == ("7", "2", "x")
        np.testing.assert_array_equal(images, IMAGES)


def test_a_bad_picture_is_said_and_the_rest_goes_on(tmp_path):
    lines = rows()
    lines[2:] = ["2,1 2 3", f"x,{text_of(IMAGES[2])} oops", f"y,{text_of([0] * 9215 + [256])}"]
    found = dict(read_faces(write(tmp_path, *lines)))
    assert found["2"] == "test.csv row 2: found 3 pixels, expected 9216"
    assert found["x"].startswith("test.csv row 3: found pixels that are no whole numbers")
    assert found["y"].startswith("test.csv row 4: found pixels from 0 to 256")
    assert found["7"].shape == (96, 96)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ImageId,Picture\n1,2", "found no column image, expected imageid, image as in test.csv"),
        ("ImageId,Image", "found no row under the header"),
        ("ImageId,Image\n1", "row 1: found 1 cells, expected 2"),
        ("\n".join(rows(("1", "2", "1"))), "row 3: found ImageId 1 again, expected each once"),
        ("PK no zip", "test.zip: found a damaged file"),
    ],
)
def test_no_test_set(tmp_path, text, message):
    file = tmp_path / ("test.zip" if text.startswith("PK") else "test.csv")
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        list(read_faces(file))
    with pytest.raises(FileNotFoundError, match=r"absent\.csv: found no such file"):
        list(read_faces(tmp_path / "absent.csv"))


def test_locations_are_those_asked_for_and_clipped():
    points = {"7": np.array([[10.5, -3.0], [97.5, 20.25]]), "2": np.array([[1.0, 2.0], [3.0, 4.0]])}
    asked = [Asked(str(row), *cells) for row, cells in enumerate(
        (("2", "chin_y"), ("7", "nose_x"), ("7", "nose_y"), ("7", "chin_x"), ("2", "nose_x"))
    )]  # fmt: skip
    assert locations(asked, points, NAMES) == [4.0, 10.5, 0.0, 96.0, 1.0]


def test_a_point_or_a_face_that_is_not_there():
    with pytest.raises(ValueError, match="row 3: found ear_x, expected of the model's 2 points: nose, chin"):
        check_features([Asked("3", "7", "ear_x")], NAMES)
    with pytest.raises(ValueError, match="row 3: found ImageId 8, expected one of test.csv"):
        locations([Asked("3", "8", "nose_x")], {"7": np.zeros((2, 2))}, NAMES)


def test_a_submission_is_rows_and_locations(tmp_path):
    write_submission(tmp_path / "s.csv", [Asked("4", "7", "nose_x"), Asked("2", "7", "nose_y")], [1.5, 95.123456])
    assert (tmp_path / "s.csv").read_text() == "RowId,Location\n4,1.5000\n2,95.1235\n"


def test_the_crop_of_a_wide_picture_is_as_wide():
    wide = Crop.around(whole_picture_box(60, 90), 0.15, 128)
    assert wide.centre == pytest.approx((44.5, 29.5)) and wide.side == pytest.approx(90)
