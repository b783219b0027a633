"""Reader of OpenFace's CSV."""

import numpy as np
import pytest

from tests.helpers.annotated import OTHER, POINTS, openface_row, write_openface, write_picture
from tests.helpers.drawn import HEIGHT, WIDTH
from tools.read import formats
from tools.read.face import BadSample
from tools.read.openface import find, matches, read


def test_faces_of_a_picture_that_the_file_is_named_after(tmp_path):
    path = write_openface(tmp_path / "processed" / "a.csv", openface_row(), openface_row(OTHER, (1, 0.4)))
    write_picture(tmp_path / "a.JPG")
    items = formats.find(path, "set")
    assert items == find(path.parent, "set")
    assert [(item.name, item.source, item.format) for item in items] == [(f"a#{n}", "a", "openface") for n in (1, 2)]
    for item, points in zip(items, (POINTS, OTHER), strict=True):
        face = read(item, "pts_3d")
        assert item.picture.name == "a.JPG" and face.image.shape == (HEIGHT, WIDTH, 3) and np.isnan(face.pose).all()
        np.testing.assert_allclose(face.points, points, atol=1e-3)


def test_frames_are_the_pictures_of_a_folder_and_the_video_is_their_source(tmp_path):
    for name in ("f10.png", "f9.jpg", "f11.jpg"):
        write_picture(tmp_path / "clip" / name)
    (tmp_path / "clip" / "f12.txt").touch()
    rows = [openface_row(OTHER, (3, 0, 0.04, 0.9, 1)), openface_row(POINTS, (1, 0, 0, 0.9, 1))]
    lost = [openface_row(np.zeros((68, 2)), (2, 0, 0.02, 0.1, 0)), openface_row(POINTS, (4, 0, 0.06, 0.9, 1))]
    path = write_openface(tmp_path / "clip.csv", *rows, *lost, sequence=True)
    items = find(path, "set")
    assert {item.source for item in items} == {"clip"}
    faces = {item.picture.name: read(item).points for item in items if not item.data.fault}
    assert faces.keys() == {"f9.jpg", "f10.png"}  # sorted by name: f10, f11, f9
    np.testing.assert_allclose(faces["f10.png"], POINTS, atol=1e-3)
    np.testing.assert_allclose(faces["f9.jpg"], OTHER, atol=1e-3)
    faults = {item.data.fault for item in items} - {None}
    assert {reason: words.partition(", expected")[0] for reason, words in faults} == {
        "not tracked": "clip.csv line 4: found success 0",
        "unknown picture": "clip.csv line 5: found frame 4",
    }


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "", "99999999999999999999"])
def test_a_frame_that_no_picture_is(tmp_path, number):
    write_picture(tmp_path / "clip" / "a.png")
    path = write_openface(tmp_path / "clip.csv", openface_row(before=(number, 0, 0, 1, 1)), sequence=True)
    (item,) = find(path, "set")
    with pytest.raises(BadSample, match=f"clip.csv line 2: found frame {number}") as caught:
        read(item)
    assert caught.value.reason == "unknown picture"


@pytest.mark.parametrize(
    "row, found",
    [
        (openface_row().rpartition(",")[0], "140 cells, expected 141"),
        (openface_row().replace("0.98, ", "0.98, nose, ", 1).rpartition(",")[0], "'nose' in column x_0"),
    ],
)
def test_an_odd_row_spoils_its_face_alone(tmp_path, row, found):
    write_picture(tmp_path / "a.png")
    items = find(write_openface(tmp_path / "a.csv", openface_row(), row), "set")
    good, bad = sorted(items, key=lambda item: item.data.fault is not None)
    assert np.isfinite(read(good).points).all()
    with pytest.raises(BadSample, match=f"a.csv line 3: found {found}") as caught:
        read(bad)
    assert caught.value.reason == "unreadable annotation"


def test_files_that_are_not_openfaces(tmp_path):
    path = write_openface(tmp_path / "clip.csv", openface_row(before=(1, 0, 0, 1, 1)), sequence=True)
    with pytest.raises(ValueError, match="clip.csv: found no folder clip"):
        find(path, "set")
    text = path.read_text()
    path.write_text(text.replace(" y_3,", " z_3,", 1))
    with pytest.raises(ValueError, match="clip.csv: found 0 columns y_3"):
        find(path, "set")
    path.write_text(text.replace("confidence", "sure", 1))
    assert not matches(path) and not matches(tmp_path)
    with pytest.raises(ValueError, match="a.csv: found no face"):
        find(write_openface(tmp_path / "a.csv"), "set")
