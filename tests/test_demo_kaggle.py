"""The demo's own part: drawn faces as Kaggle's files."""

import numpy as np
import pytest

from infer.kaggle import read_faces
from tests.drawn import draw_set
from tools import demo_kaggle, read_300w_lp, read_kaggle
from tools.kaggle_files import read_locations


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    faces = draw_set(folder / "300W_LP", sources=24, views=1)
    demo_kaggle.write_files(faces, folder / "files")
    return faces, folder / "files"


def test_every_face_is_on_one_side(files):
    faces, folder = files
    items = read_kaggle.find(folder, "set")
    tested = dict(read_faces(folder / "test.csv"))
    assert len(items) + len(tested) == len(read_300w_lp.find(faces, "300W_LP")) and len(tested) > 1
    subsets = [item.subset for item in items]
    assert 0 < subsets.count("full") < subsets.count("partial")
    assert len(read_locations(folder / "solution.csv")) == 30 * len(tested)


def test_points_lie_where_the_picture_has_them(files):
    """Eyes are darker than the cheeks under them, in the grey picture as it was drawn."""
    _, folder = files
    full = [item for item in read_kaggle.find(folder, "set") if item.subset == "full"]
    for item in full:
        face = read_kaggle.read(item)
        assert face.points.min() > 0 and face.points.max() < 96
        eyes, cheeks = face.points[:2], face.points[:2] + (0, 12)
        grey = [face.image[tuple(np.rint(spot[::-1]).astype(int))][0] for spot in (*eyes, *cheeks)]
        assert max(grey[:2]) < min(grey[2:])


def test_known_points_are_all_or_the_common_four(files):
    _, folder = files
    for item in read_kaggle.find(folder, "set"):
        known = np.isfinite(item.data.points).all(axis=1)
        assert known.all() or np.flatnonzero(known).tolist() == [0, 1, 10, 14]
