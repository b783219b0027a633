"""infer/detect/reduced.py: how large a look is, that nothing aliases in it, and the way back."""

import numpy as np
import pytest

from infer.detect.reduced import reduced
from infer.geometry.candidates import candidates_of


@pytest.mark.parametrize(
    ("shape", "side", "most", "wanted", "scale"),
    [
        ((300, 400), 320, 1, (240, 320), (0.8, 0.8)),
        ((90, 120), 320, 1, (90, 120), (1, 1)),
        ((90, 120), 320, 2, (180, 240), (2, 2)),
        ((120, 90), 150.0, 2, (150, 112), (112 / 90, 1.25)),
        ((480, 640), 320, 1, (240, 320), (0.5, 0.5)),
        ((413, 1000), 320, 1, (132, 320), (0.32, 132 / 412)),  # 412 rows count, and 206 of 500x206
        ((1283, 963), 160, 1, (160, 120), (120 / 960, 160 / 1280)),
        ((1, 2000), 320, 1, (1, 320), (0.16, 1)),
        ((3, 2000), 320, 1, (1, 320), (0.16, 0.5)),
    ],
)
def test_the_size_of_a_look_and_its_scale(shape, side, most, wanted, scale):
    look = reduced(np.zeros((*shape, 3), np.uint8), side, most)
    assert look.image.shape == (*wanted, 3)
    assert look.scale.tolist() == pytest.approx(scale)


@pytest.mark.parametrize(("height", "width", "side"), [(450, 438, 320), (500, 1001, 200), (1201, 800, 150)])
def test_a_look_shows_the_picture_without_aliasing(height, width, side):
    """A slope stays the slope, at the places that the scale says; fine stripes become their mean."""
    y, x = np.indices((height, width))
    image = np.stack([x * 200 / width, y * 200 / height, 100 + 100 * (x % 2)], axis=-1).astype(np.float32)
    look = reduced(image, side)
    rows, columns = np.indices(look.image.shape[:2])
    places = look.to_picture(np.stack([columns, rows], axis=-1))
    inner = look.image[2:-2, 2:-2]
    np.testing.assert_allclose(inner[..., 0], places[2:-2, 2:-2, 0] * 200 / width, atol=0.02)
    np.testing.assert_allclose(inner[..., 1], places[2:-2, 2:-2, 1] * 200 / height, atol=0.02)
    if side * 2 <= max(height, width):
        np.testing.assert_allclose(inner[..., 2], 150, atol=1e-3)


def test_what_a_look_shows_is_led_back():
    look = reduced(np.zeros((300, 400, 3), np.uint8), 200)
    found = look.found(candidates_of([[9.5, 19.5, 29.5, 49.5]], [0.6]))
    np.testing.assert_allclose(found.boxes, [[19.5, 39.5, 59.5, 99.5]], atol=1e-9)
