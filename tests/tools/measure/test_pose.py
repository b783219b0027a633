"""tools/measure/pose.py: errors of poses that are known."""

import numpy as np
import pytest

from infer.faces.pose import mean_face, pose_of
from infer.geometry.rotations import rotation_of
from tools.measure import pose


def test_errors_of_poses_by_hand():
    true = np.array([0.1, -0.6, 0.2])
    points = (mean_face().points @ rotation_of(true).T)[:, :2] * (60, -60)
    np.testing.assert_allclose(pose.errors_of(points, true), [0, 0, 0, 0], atol=1.0)
    yaw, pitch, roll, turn = pose.errors_of(points, np.array([0.1, -0.4, 0.2]))
    assert yaw == pytest.approx(np.degrees(0.2), abs=1) and turn == pytest.approx(np.degrees(0.2), abs=1)
    assert pitch < 1 and roll < 1
    found = pose_of(rotation_of(true))
    np.testing.assert_allclose([found.pitch, found.yaw, found.roll], np.degrees(true))
    yaws, errors = np.array([0.1, 0.8, -0.9]), np.arange(12.0).reshape(3, 4)
    lines = pose.table(yaws, errors, errors * 2).splitlines()
    assert lines[2] == "| yaw 0-30 | 1 | 0.0 | 1.0 | 2.0 | 3.0 | 0.0 | 2.0 | 4.0 | 6.0 |"
    assert lines[3].startswith("| yaw 30-60 | 2 | 6.0 |") and lines[-1].startswith("| all | 3 | 4.0 |")
