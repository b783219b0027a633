"""Covers and masks: where they lie, and what they leave."""

import numpy as np
import pytest

from net.detector.covers import cover_faces, mask_faces
from net.detector.ranges import SceneRanges
from net.detector.targets import Scene

SIDE = 200


def striped() -> np.ndarray:
    image = np.full((SIDE, SIDE, 3), 255, np.uint8)
    image[::2] = 0
    return image


def scene_of(*oriented: tuple[float, ...]) -> Scene:
    return Scene(np.array(oriented, float), np.zeros((len(oriented), 5, 2)), np.zeros((0, 4)))


def changed(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the pixels that are not as they were."""
    y, x = np.nonzero((image != striped()).any(axis=-1))
    return x, y


def test_covers_lie_on_large_faces_alone():
    image = striped()
    cover_faces(
        image, scene_of((60, 60, 50, 50, 0), (150, 150, 12, 12, 0)), SceneRanges(occlude=1.0), np.random.default_rng(2)
    )
    x, y = changed(image)
    assert y.min() >= 10 and y.max() <= 115 and x.min() >= 10 and x.max() <= 115


@pytest.mark.parametrize(("roll", "axis", "sign"), [(0, 1, 1), (np.pi / 2, 0, -1), (np.pi, 1, -1), (-np.pi / 2, 0, 1)])
def test_masks_lie_on_the_lower_half_of_the_head_as_it_stands(roll, axis, sign):
    image = striped()
    mask_faces(image, scene_of((100, 90, 60, 60, roll)), SceneRanges(masks=1.0), np.random.default_rng(4))
    places = np.stack(changed(image), axis=1) - (100, 90)
    along = sign * places[:, axis]
    assert along.min() > -20 and along.max() < 45
    assert 8 < along.mean() < 22
    assert np.abs(places[:, 1 - axis].mean()) < 5
    assert 0.3 < len(places) / 60**2 < 0.7


def test_masks_are_of_one_colour_and_small_faces_have_none():
    image = striped()
    mask_faces(
        image, scene_of((60, 60, 50, 50, 0), (150, 150, 8, 8, 0)), SceneRanges(masks=1.0), np.random.default_rng(1)
    )
    x, y = changed(image)
    assert x.max() < 100 and y.max() < 100
    spread = np.ptp(image[60:80, 50:70].astype(int), axis=(0, 1))
    assert (spread <= 0.15 * 255 + 1).all()


def test_masks_at_the_edge_and_no_masks():
    image = striped()
    mask_faces(
        image, scene_of((2, 195, 40, 40, 0.3), (-80, 60, 30, 30, 0)), SceneRanges(masks=1.0), np.random.default_rng(1)
    )
    x, y = changed(image)
    assert x.min() == 0 and y.max() == SIDE - 1
    untouched = striped()
    mask_faces(untouched, scene_of((60, 60, 50, 50, 0)), SceneRanges(masks=0.0), np.random.default_rng(1))
    assert (untouched == striped()).all()
