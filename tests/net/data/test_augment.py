import cv2
import numpy as np
import pytest

from infer.geometry.rotations import rotation_of
from net.data.augment import (
    augment,
    change_pixels,
    compress,
    occlude,
    random_curves,
    random_transforms,
    transform_label,
    transform_pose,
)
from net.data.ranges import NO_AUGMENTATION, Ranges
from records.landmarks import IBUG_68

SIZE, CONTEXT = 96, 24
EDGE = SIZE + 2 * CONTEXT
MOVES = Ranges(turn=30, scale=0.2, shift=0.1, flip=0, colour=0, blur=0, noise=0, occlude=0)
# these points are drawn, one in each channel: an outer eye corner, its partner, and the chin
DRAWN = (36, 45, 8)


def dotted(rng) -> tuple[np.ndarray, np.ndarray]:
    """A stored picture with three soft dots, and its label."""
    label = rng.uniform(0.3, 0.7, (68, 2)).astype(np.float32)
    y, x = np.mgrid[:EDGE, :EDGE]
    image = np.zeros((EDGE, EDGE, 3), np.uint8)
    for channel, index in enumerate(DRAWN):
        u, v = label[index] * SIZE - 0.5 + CONTEXT
        image[:, :, channel] = 250 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * 2.5**2))
    return image, label.ravel()


def centre_of_mass(channel: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: channel.shape[0], : channel.shape[1]]
    weight = channel.astype(float)
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("flip", [0, 1])
def test_labels_go_with_their_pixels(flip):
    rng = np.random.default_rng(7)
    images, labels = (np.stack(part) for part in zip(*(dotted(rng) for _ in range(9)), strict=True))
    ranges = Ranges(**{**vars(MOVES), "flip": flip})
    poses = rng.uniform(-0.7, 0.7, (9, 3)).astype(np.float32)
    cut, moved, posed = augment(images, labels, poses, SIZE, IBUG_68.flip, ranges, np.random.default_rng(1))
    matrices, mirrored = random_transforms(9, ranges, np.random.default_rng(1))  # the first that augment draws
    faces = moved.reshape(9, 68, 2)[:, list(IBUG_68.flip)] * (-1, 1) + (1, 0) if flip else moved.reshape(9, 68, 2)
    for matrix, face, label in zip(matrices, faces, labels.reshape(9, 68, 2), strict=True):
        np.testing.assert_allclose((face - 0.5) @ matrix[:, :2].T + 0.5 + matrix[:, 2], label, atol=1e-5)
    expected = [transform_pose(*args) for args in zip(poses, matrices, mirrored, strict=True)]
    np.testing.assert_array_equal(posed, expected)
    assert posed.dtype == np.float32 and (mirrored == flip).all()
    assert cut.shape == (9, SIZE, SIZE, 3) and cut.dtype == np.uint8 and moved.dtype == np.float32
    assert np.abs(moved - labels).max() > 0.1
    for image, label in zip(cut, moved.reshape(-1, 68, 2), strict=True):
        for channel, index in enumerate(DRAWN):
            place = label[IBUG_68.flip[index] if flip else index]
            assert np.abs(centre_of_mass(image[:, :, channel]) - (place * SIZE - 0.5)).max() < 0.6


def test_frames_keep_to_their_ranges():
    matrices, mirrored = random_transforms(500, Ranges(**{**vars(MOVES), "flip": 0.3}), np.random.default_rng(3))
    assert 100 < mirrored.sum() < 200
    scale = np.sqrt(np.linalg.det(matrices[:, :, :2]))
    angle = np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    for values, limit in ((np.log(scale), 0.2), (angle, 30), (matrices[:, 0, 2], 0.1), (matrices[:, 1, 2], 0.1)):
        assert np.abs(values).max() <= limit + 1e-9
        assert values.min() < -0.9 * limit and values.max() > 0.9 * limit


ROLES = (1, 0, 2, 4, 3, 5)  # mirror partners of six points of a model


def solid(rng) -> np.ndarray:
    """Six points of a model that is mirrored onto itself at x = 0, float64 [6, 3]; y points up."""
    points = rng.uniform(-0.2, 0.2, (6, 3))
    points[[2, 5], 0] = 0
    for index, partner in ((1, 0), (4, 3)):
        points[index] = points[partner] * (-1, 1, 1)
    return points


def projected(points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Where the turned model's points lie in a picture, fractions [6, 2] around its middle; y points down."""
    return (points @ rotation_of(pose).T)[:, :2] * (1, -1) + 0.5


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_moved_pose_is_that_of_the_moved_face(mirrored):
    rng = np.random.default_rng(11)
    ranges = Ranges(**{**vars(MOVES), "turn": 170})
    for matrix in random_transforms(40, ranges, rng)[0]:
        model, pose = solid(rng), rng.uniform((-1.3, -1.5, -2.0), (1.3, 1.5, 2.0))
        label = projected(model, pose).astype(np.float32).ravel()
        moved = transform_label(label, matrix, mirrored, ROLES).reshape(6, 2)
        again = projected(model, transform_pose(pose, matrix, mirrored))
        scale = np.sqrt(np.linalg.det(matrix[:, :2]))
        # a shift and a scale are not the pose's
        np.testing.assert_allclose((moved - moved.mean(0)) * scale, again - again.mean(0), atol=1e-5)
        assert np.isnan(transform_pose(np.full(3, np.nan, np.float32), matrix, mirrored)).all()


@pytest.mark.parametrize("mirrored", [False, True])
def test_labels_aside_from_their_faces_stay_so_on_the_same_side(mirrored):
    rng = np.random.default_rng(4)
    face, aside = rng.uniform(size=(6, 2)).astype(np.float32), np.float32([0.03, 0])
    for matrix in random_transforms(9, MOVES, rng)[0]:
        moved = transform_label(face.ravel(), matrix, mirrored, ROLES).reshape(6, 2)
        found = transform_label((face + aside).ravel(), matrix, mirrored, ROLES, 0.03).reshape(6, 2)
        np.testing.assert_allclose(found, moved + aside, atol=1e-6)


def test_a_batch_is_mirrored_about_its_faces():
    rng = np.random.default_rng(6)
    images, labels, poses = batch(rng, 2)
    ranges = Ranges(**{**vars(NO_AUGMENTATION), "flip": 1.0})
    plain = augment(images, labels, poses, SIZE, IBUG_68.flip, ranges, rng)[1].reshape(2, 68, 2)
    found = augment(images, labels, poses, SIZE, IBUG_68.flip, ranges, rng, 0.02)[1].reshape(2, 68, 2)
    np.testing.assert_allclose(found - plain, np.broadcast_to([0.04, 0], found.shape), atol=1e-6)


def batch(rng, count):
    """So many stored pictures with labels and poses, random."""
    images = rng.integers(0, 256, (count, EDGE, EDGE, 3), np.uint8)
    return images, rng.uniform(size=(count, 136)).astype(np.float32), rng.uniform(-1, 1, (count, 3)).astype(np.float32)


def test_nothing_asked_for_is_the_middle_untouched():
    rng = np.random.default_rng(2)
    images, labels, poses = batch(rng, 3)
    cut, moved, posed = augment(images, labels, poses, SIZE, IBUG_68.flip, NO_AUGMENTATION, rng)
    np.testing.assert_allclose(posed, poses, atol=1e-6)
    assert np.abs(cut.astype(int) - images[:, CONTEXT:-CONTEXT, CONTEXT:-CONTEXT]).max() <= 1
    np.testing.assert_allclose(moved, labels, atol=1e-6)


def test_the_same_seed_gives_the_same_batch_and_leaves_the_stored_one():
    stored = batch(np.random.default_rng(9), 5)
    kept = [part.copy() for part in stored]
    first, again, other = (
        augment(*stored, SIZE, IBUG_68.flip, Ranges(occlude=1), np.random.default_rng([1, step])) for step in (3, 3, 4)
    )
    for one, two, three in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one, two)
        assert not np.array_equal(one, three)
    for before, after in zip(kept, stored, strict=True):
        np.testing.assert_array_equal(before, after)


def test_occlusion_covers_a_rectangle_and_nothing_else():
    rng, kinds = np.random.default_rng(8), set()
    for _ in range(30):
        before, other = (rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8) for _ in range(2))
        after = before.copy()
        occlude(after, other, rng)
        rows, columns = np.nonzero((after != before).any(axis=2))
        inside = after[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert SIZE // 8 <= inside.shape[0] < SIZE // 2 and SIZE // 8 <= inside.shape[1] < SIZE // 2
        flat = (inside == inside[0, 0]).all()
        copied = (inside == other[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]).all()
        assert flat or copied
        kinds.add("flat" if flat else "copied")
    assert kinds == {"flat", "copied"}


def test_tone_curves_rise_and_vanish_with_their_strength():
    rng = np.random.default_rng(1)
    curves = np.stack([random_curves(0.4, rng)[0].astype(int) for _ in range(20)])
    assert curves.shape == (20, 256, 3) and (np.diff(curves, axis=1) >= 0).all() and curves[:, 128].std() > 10
    assert np.abs(random_curves(0.0, rng)[0].astype(int) - np.arange(256)[:, None]).max() <= 1


@pytest.mark.parametrize("part", ["colour", "blur", "noise", "jpeg"])
def test_each_change_of_pixels_can_be_asked_for_alone(part):
    image = np.random.default_rng(3).integers(40, 200, (SIZE, SIZE, 3), np.uint8)
    changed = change_pixels(image.copy(), Ranges(**{**vars(NO_AUGMENTATION), part: 1.0}), np.random.default_rng(4))
    difference = changed.astype(int) - image
    assert changed.shape == image.shape and changed.dtype == np.uint8 and np.abs(difference).mean() > 1
    roughness = np.abs(cv2.Laplacian(changed.astype(np.float32), cv2.CV_32F)).mean()
    before = np.abs(cv2.Laplacian(image.astype(np.float32), cv2.CV_32F)).mean()
    assert part != "blur" or roughness < 0.7 * before
    assert part != "noise" or (abs(difference.mean()) < 1.5 and difference.std() > 1.5)


def test_jpeg_keeps_the_colours_and_loses_what_is_fine():
    red = np.full((SIZE, SIZE, 3), (200, 60, 20), np.uint8)
    dots = red.copy()
    dots[::4, ::4] = 255
    for seed in range(5):
        assert np.abs(compress(red, np.random.default_rng(seed)).astype(int) - red).max() <= 12
        assert 5 < np.abs(compress(dots, np.random.default_rng(seed)).astype(int) - dots).mean() < 80
    assert len({compress(dots, np.random.default_rng(seed)).tobytes() for seed in range(8)}) > 4


def test_ranges_below_zero_are_refused():
    for part in vars(NO_AUGMENTATION):
        for wrong in (-0.1, float("nan")):
            with pytest.raises(ValueError, match="augmentation: found"):
                Ranges(**{part: wrong})
