"""infer/geometry/crop.py: the one piece of arithmetic that training and inference share."""

import numpy as np
import pytest

from infer.geometry.crop import FILL, Crop
from infer.geometry.rotations import rotation


def ramp(height: int, width: int) -> np.ndarray:
    """A picture whose value is linear in x and y, so that any sampling of it can be worked out: 2x + 3y."""
    y, x = np.mgrid[0:height, 0:width]
    return (2 * x + 3 * y).astype(np.uint8)


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (61, 83, 3), np.uint8)


def test_around_takes_the_longer_edge():
    crop = Crop.around((10, 20, 30, 60), margin=0.25, size=32)
    assert (crop.centre, crop.side, crop.size, crop.angle) == ((20, 40), 60, 32, 0)


@pytest.mark.parametrize(("centre", "side"), [((0, 0), 0), ((np.nan, 0), 5), ((0, 0), np.inf)])
def test_values_are_checked(centre, side):
    with pytest.raises(ValueError, match="expected finite and side > 0"):
        Crop(centre, side)


def test_fractions_by_hand():
    crop = Crop((50, 30), 20, 10)
    np.testing.assert_allclose(crop.to_fractions([[50, 30], [40, 20], [60, 35]]), [[0.5, 0.5], [0, 0], [1, 0.75]])
    # a quarter turn clockwise as seen: the crop's x axis points down the picture, its y axis to the left
    turned = Crop((50, 30), 20, 10, np.pi / 2)
    np.testing.assert_allclose(turned.to_fractions([[50, 40], [40, 30]]), [[1, 0.5], [0.5, 1]], atol=1e-7)


def test_points_go_there_and_back():
    points = np.random.default_rng(1).uniform(-300, 900, (7, 2)).astype(np.float32)
    crop = Crop((123.4, -56.7), 321.5, 128, -1.2)
    back = crop.to_picture(crop.to_fractions(points))
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, points, atol=2e-4)


def test_upright_is_tight_in_the_turned_frame():
    points = np.random.default_rng(2).uniform(0, 100, (9, 2))
    crop = Crop.upright(points, 0.7, margin=0.1)
    fractions = crop.to_fractions(points)
    low, high = fractions.min(axis=0), fractions.max(axis=0)
    np.testing.assert_allclose(low + high, 1, atol=1e-6)  # in the middle
    assert (high - low).max() == pytest.approx(1 / 1.2, abs=1e-6)


def test_a_crop_is_shifted_along_its_own_axes():
    crop = Crop((50, 30), 40, 10, np.pi / 2)  # its x axis points down, its y axis to the left
    assert crop.shifted((0.1, -0.25), 0.5).centre == pytest.approx((50 + 0.25 * 20, 30 + 0.1 * 20))  # edge 40 / 2
    assert crop.shifted((0, 0), 0.5) is crop


def test_cut_at_scale_one_is_the_picture_itself(noise):
    # 16 pixels from x 10, y 20: the edges lie half a pixel before the first centre
    crop = Crop((10 + 7.5, 20 + 7.5), 16, 16)
    np.testing.assert_array_equal(crop.cut(noise), noise[20:36, 10:26])


@pytest.mark.parametrize(("side", "angle"), [(20, 0), (12, 0.4), (26, -0.9)])
def test_cut_samples_where_the_points_go(side, angle):
    image, crop = ramp(40, 45), Crop((22.3, 19.6), side, 8, angle)
    pixels = np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1)
    x, y = np.moveaxis(crop.to_picture((pixels + 0.5) / 8), -1, 0)
    np.testing.assert_allclose(crop.cut(image), 2 * x + 3 * y, atol=1.1)  # rounded twice


def test_a_shrunk_cut_averages(noise):
    crop = Crop((31.5, 31.5), 64, 16)  # 4 x 4 pixels each, from the picture's corner on
    image = np.random.default_rng(3).integers(0, 256, (64, 70), np.uint8)
    blocks = image[:64, :64].reshape(16, 4, 16, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(crop.cut(image), blocks, atol=1)


def test_outside_is_filled_not_wrapped(noise):
    image = np.maximum(noise, 1)
    cut = Crop((-0.5, -0.5), 20, 20).cut(image)  # the picture's corner in the middle
    assert (cut[:9] == FILL).all() and (cut[:, :9] == FILL).all()
    np.testing.assert_array_equal(cut[10:, 10:], image[:10, :10])
    far = Crop((82.5, 60.5), 20, 20).cut(image)
    np.testing.assert_array_equal(far[:10, :10], image[51:61, 73:83])
    assert (far[11:] == FILL).all() and (far[:, 11:] == FILL).all()
    assert (Crop((-500, 900), 20, 20).cut(image) == FILL).all()


@pytest.mark.parametrize(("side", "angle"), [(21.3, 0), (140.2, 0.37), (411.9, -1.1)])
def test_context_leaves_the_middle_alone(side, angle):
    rng = np.random.default_rng(4)
    image = rng.integers(0, 256, (173, 210, 3), np.uint8)
    for centre in rng.uniform(-20, 200, (6, 2)):
        crop = Crop(tuple(centre), side, 24, angle)
        wide = crop.cut(image, context=7)
        assert wide.shape == (38, 38, 3)
        np.testing.assert_array_equal(wide[7:-7, 7:-7], crop.cut(image))


def test_a_huge_or_tiny_box_costs_nothing(noise):
    assert Crop((40, 30), 1e9, 16).cut(noise).shape == (16, 16, 3)
    np.testing.assert_array_equal(Crop((40, 30), 1e-3, 4).cut(noise), np.broadcast_to(noise[30, 40], (4, 4, 3)))
    for centre in ((40, 30), (400, 300)):  # grey stays grey
        assert Crop(centre, 50, 16).cut(noise[:, :, 0]).shape == (16, 16)


@pytest.mark.parametrize("roll", [0.0, np.pi / 2, np.pi, -0.7])
def test_crop_of_an_oriented_box_stands_upright(roll):
    """A head's own corners, turned with it, come to lie where those of an upright head do."""
    corners = np.array([[-15, -25], [15, -25], [15, 25], [-15, 25]]) @ rotation(roll).T + (70, 90)
    crop = Crop.of_oriented([70, 90, 30, 50, roll], 0.1, 64)
    assert (crop.side, crop.size) == (60, 64)
    wanted = np.array([[-15, -25], [15, -25], [15, 25], [-15, 25]]) / 60 + 0.5
    np.testing.assert_allclose(crop.to_fractions(corners), wanted, atol=1e-6)
    assert Crop.of_oriented([70, 90, 30, 50, np.nan], 0.1).angle == 0
