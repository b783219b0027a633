"""infer/files/reduced.py: pictures over the limit read reduced, and points that lie where they lay in the full one."""

import cv2
import numpy as np
import pytest

from infer.files import reduced
from infer.files.pictures import TooLarge, read_picture
from infer.files.reduced import read_reduced
from tests.helpers.pictures import encode, exif

WIDTH, HEIGHT = 333, 205  # divided by none of the factors


def spot(x: int, y: int) -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    cv2.circle(image, (x, y), 20, (255, 255, 255), cv2.FILLED, cv2.LINE_AA)
    return image


def centre(image: np.ndarray) -> np.ndarray:
    """The centre of what is bright, x and y."""
    weights = image[..., 1].astype(float)
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]]
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("limit", "factor"), [(WIDTH * HEIGHT - 1, 2), (5000, 4), (42 * 26, 8)])
def test_points_of_the_reduced_picture_lie_in_the_full_one(tmp_path, orientation, limit, factor):
    data = encode(spot(90, 140), ".jpg", cv2.IMWRITE_JPEG_QUALITY, 98)
    (tmp_path / "a.jpg").write_bytes(data[:2] + exif(orientation) + data[2:])
    full, found = read_picture(tmp_path / "a.jpg"), read_reduced(tmp_path / "a.jpg", limit)
    assert found.factor == factor and found.shape == full.shape[:2]
    edges = sorted(found.image.shape[:2])
    assert edges == [-(-HEIGHT // factor), -(-WIDTH // factor)]
    np.testing.assert_allclose(found.full(centre(found.image)), centre(full), atol=0.1)
    np.testing.assert_allclose(found.reduced(found.full([[3.25, 7.5]])), [[3.25, 7.5]], atol=1e-5)


def test_what_fits_is_read_whole_and_what_cannot_be_reduced_is_refused(tmp_path, monkeypatch):
    for suffix in (".jpg", ".png"):
        (tmp_path / f"a{suffix}").write_bytes(encode(spot(50, 60), suffix))
    whole = read_reduced(tmp_path / "a.jpg", WIDTH * HEIGHT)
    np.testing.assert_array_equal(whole.image, read_picture(tmp_path / "a.jpg"))
    assert whole.factor == 1 and (whole.full([[5.0, 6]]) == [[5, 6]]).all()
    for name, limit in (("a.png", WIDTH * HEIGHT - 1), ("a.jpg", 42 * 26 - 1)):
        with pytest.raises(TooLarge, match=f"{name}: found 333x205 pixels"):
            read_reduced(tmp_path / name, limit)
    monkeypatch.setattr(reduced, "LIMIT", WIDTH * HEIGHT - 1)
    with pytest.raises(TooLarge):
        read_reduced(tmp_path / "a.jpg", 5000)
    monkeypatch.undo()
    monkeypatch.setattr(reduced, "decoded", lambda *_, **__: None)
    with pytest.raises(ValueError, match=r"a\.jpg: found a damaged picture"):
        read_reduced(tmp_path / "a.jpg", 5000)
