import numpy as np
import pytest

from records.landmarks import KAGGLE_15
from tools.read.face import AnnotatedFace

IMAGE, BOX = np.zeros((2, 3, 3), np.uint8), np.zeros(4)


def test_a_face_has_as_many_points_as_its_scheme():
    AnnotatedFace(IMAGE, np.zeros((15, 2)), BOX, scheme=KAGGLE_15)
    with pytest.raises(ValueError, match=r"found points \(15, 2\), expected \(68, 2\) of ibug68"):
        AnnotatedFace(IMAGE, np.zeros((15, 2)), BOX)
