import pickle
from pathlib import Path

import numpy as np
import pytest

from records.landmarks import KAGGLE_15
from tools.read.face import NO_POSE, BadSample, Face, Item

IMAGE, BOX = np.zeros((2, 3, 3), np.uint8), np.zeros(4)


def test_a_bad_sample_survives_the_way_between_processes():
    error = pickle.loads(pickle.dumps(BadSample("wrong shape", "a.mat: found 3, expected 2")))
    assert isinstance(error, ValueError)
    assert (error.reason, error.message, str(error)) == ("wrong shape", *["a.mat: found 3, expected 2"] * 2)


def test_an_items_key_names_set_subset_and_picture():
    item = Item("300W_LP", "AFW", "AFW_1_0", "AFW_1", Path("x.jpg"), Path("x.mat"))
    assert item.key == "300W_LP/AFW/AFW_1_0" and not item.mirrored


def test_faces_do_not_share_their_unknown_pose():
    first, second = (Face(IMAGE, np.zeros((68, 2)), BOX) for _ in range(2))
    first.pose[:] = 7
    assert np.isnan(second.pose).all() and np.isnan(NO_POSE).all()
    assert second.pose.dtype == np.float32 and second.pose.shape == (3,)


def test_a_face_has_as_many_points_as_its_scheme():
    Face(IMAGE, np.zeros((15, 2)), BOX, scheme=KAGGLE_15)
    with pytest.raises(ValueError, match=r"found points \(15, 2\), expected \(68, 2\) of ibug68"):
        Face(IMAGE, np.zeros((15, 2)), BOX)
