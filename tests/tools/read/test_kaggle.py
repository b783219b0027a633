import pickle
import zipfile

import numpy as np
import pytest
import scipy.io

from infer.files import tables
from infer.geometry.crop import Crop
from infer.geometry.similarity import similarity
from infer.kaggle.files import whole_picture_box
from records.landmarks import IBUG_68, KAGGLE_15, convert
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


def test_columns_are_found_by_name(tmp_path):
    order = np.random.default_rng(1).permutation(31)
    check(find(write(tmp_path, *(",".join(np.array(line.split(","))[order]) for line in LINES)), "set"))


def test_items_are_small_and_go_between_processes(tmp_path):
    items = find(write(tmp_path, *LINES), "set")
    sent = pickle.dumps(items[:1])
    assert len(sent) < 13_000
    check([*pickle.loads(sent), items[1]])


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
        (row() + ".5", "unreadable annotation", "row 2: found pixels that are no whole numbers"),
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


def test_files_that_are_no_set(tmp_path):
    with pytest.raises(FileNotFoundError, match="found no training.csv and no training.zip"):
        find(tmp_path, "set")
    with pytest.raises(FileNotFoundError, match="no.csv: found no such file"):
        find(tmp_path / "no.csv", "set")
    assert not matches(tmp_path) and not matches(tmp_path / "no.csv")
    assert not matches(write(tmp_path, "file,x0,y0,image", name="mine.csv"))


@pytest.fixture
def real(shared_data):
    return find(shared_data("kaggle", "training.zip"), "kaggle")


def test_real_rows(real):
    assert [sum(item.subset == name for item in real) for name in ("full", "partial")] == [368, 832]
    face = read(real[0])
    np.testing.assert_allclose(
        face.points[[0, 1, 10, 14]].ravel()[:5], [65.510151, 30.120935, 32.873493, 31.916727, 51.120463]
    )
    assert np.isfinite(face.points).all(axis=1).nonzero()[0].tolist() == [0, 1, 10, 14]
    assert face.image[0, :4, 0].tolist() == [52, 58, 74, 69]


def test_the_mapping_of_68_points_meets_the_rows_cut_from_such_faces(real, shared_data):
    """Among the hand-annotated faces that the rows were cut from, one is met by a similarity to 1e-4 pixels."""
    files = sorted(shared_data("300W", "landmarks", "LFPW").glob("LFPW_image_train_078?_0_pts.mat"))
    faces = [convert(scipy.io.loadmat(file)["pts_2d"], IBUG_68, KAGGLE_15).astype(float) for file in files]
    met = 0
    for points in (item.data.points for item in real if item.subset == "full"):
        for face in faces:
            scale, turn, shift = similarity(face, points)
            met += bool(np.abs(scale * face @ turn.T + shift - points).max() < 1e-4)
    assert met >= 1
