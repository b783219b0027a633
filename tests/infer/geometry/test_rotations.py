import numpy as np
import pytest

from infer.geometry.rotations import angles_of, rotation_of


def test_rotations_are_those_of_300w_lp():
    """Written down from the published RotationMatrix.m: pitch, yaw and roll each alone, then their product's order."""
    cos, sin = np.cos(0.3), np.sin(0.3)
    np.testing.assert_allclose(rotation_of([0.3, 0, 0]), [[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    np.testing.assert_allclose(rotation_of([0, 0.3, 0]), [[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    np.testing.assert_allclose(rotation_of([0, 0, 0.3]), [[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    whole = rotation_of([0.3, 0, 0]) @ rotation_of([0, -0.5, 0]) @ rotation_of([0, 0, 0.2])
    np.testing.assert_allclose(rotation_of([0.3, -0.5, 0.2]), whole)


def test_angles_come_back_from_their_rotation():
    rng = np.random.default_rng(4)
    for pose in rng.uniform((-3, -1.55, -3), (3, 1.55, 3), (30, 3)):
        np.testing.assert_allclose(angles_of(rotation_of(pose)), pose, atol=1e-9)
    assert angles_of(rotation_of([0, np.pi / 2, 0]))[1] == pytest.approx(np.pi / 2)
