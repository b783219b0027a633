"""infer/video/looks.py: another face is told by detail and colours together, by neither alone."""

import cv2
import numpy as np
import pytest

from infer.video.looks import BINS, MARGIN, SIZE, look_of

POINTS = np.array([[60.0, 50], [140, 50], [100, 130]])


def picture(seed: int, colour=(90, 120, 170)) -> np.ndarray:
    """Blots of a colour on grey: uint8 [180, 220, 3]."""
    blots = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal((180, 220)).astype(np.float32), (0, 0), 6)
    return np.clip(np.array(colour) + 400 * blots[..., None], 0, 255).astype(np.uint8)


ONE = picture(1)


@pytest.mark.parametrize(
    "other, another",
    [
        (picture(2, (190, 60, 40)), True),
        (picture(2), False),  # other detail in the same colours: a head that turns
        (np.clip(ONE * 0.4 + 90, 0, 255).astype(np.uint8), False),  # a flash
        (ONE[:, :, ::-1].copy(), False),
        (np.full_like(ONE, 20), True),  # the picture goes dark
        (picture(1, (9, 9, 9)) // 250, True),
        (ONE, False),
    ],
)
def test_another_face_differs_in_detail_and_in_colours(other, another):
    looks = look_of(ONE, POINTS), look_of(other, POINTS)
    assert looks[0].is_another(looks[1]) == looks[1].is_another(looks[0]) == another


def test_a_look_by_hand_follows_the_face():
    look = look_of(ONE, POINTS)
    assert look.detail.shape == (SIZE * SIZE,) and np.linalg.norm(look.detail) == pytest.approx(1, abs=1e-5)
    moved = look_of(np.roll(ONE, (7, -9), (0, 1)), POINTS + (-9, 7))
    assert look.detail @ moved.detail == pytest.approx(1, abs=2e-3)  # OpenCV 5 rounds otherwise at another place
    flat = np.full((300, 300, 3), (10, 100, 250), np.uint8)
    shares = np.zeros((3, BINS))
    shares[[0, 1, 2], [10 * BINS // 256, 100 * BINS // 256, 250 * BINS // 256]] = 1 / 3
    np.testing.assert_allclose(look_of(flat, POINTS + 50).colours, np.sqrt(shares).ravel(), atol=1e-12)
    half = flat.copy()
    half[:, 150:] = 255 - half[:, 150:]
    assert look_of(half, POINTS + 50).colours @ look_of(flat, POINTS + 50).colours == pytest.approx(0.5**0.5, abs=0.03)
    assert not look_of(flat, POINTS + 50).is_another(look_of(half // 4 * 0 + 90, POINTS + 50))  # flat and flat
    assert not look_of(flat, np.full((3, 2), 70.0)).detail.any() and MARGIN > 0  # points that have fallen together
