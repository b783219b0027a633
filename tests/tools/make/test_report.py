"""tools/make/report.py: shares and yaw of known faces, and the report of a set of records."""

import cv2
import numpy as np
import pytest

from records import shards
from records.landmarks import IBUG_68, KAGGLE_15
from tests.helpers.drawn import symmetric_face
from tools.make.report import Faces, estimate_yaw, shares, write_report


def head(yaw: float, roll: float) -> np.ndarray:
    """The flat face with a nose in front of it, turned and tilted, as seen from afar; [68, 2]."""
    solid = np.column_stack([symmetric_face(), np.zeros(68)])
    solid[30, 2] = 0.49 * (solid[45, 0] - solid[36, 0])
    # positive yaw: the nose goes to the picture's left
    seen = np.column_stack([solid[:, 0] * np.cos(yaw) - solid[:, 2] * np.sin(yaw), solid[:, 1]])
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return 0.4 * seen @ turn.T + 0.5


@pytest.mark.parametrize("degrees", [-80, -30, 0, 10, 60])
@pytest.mark.parametrize("roll", [-0.6, 0, 0.4])
def test_yaw_is_estimated_from_points(degrees, roll):
    (found,) = np.degrees(estimate_yaw(head(np.radians(degrees), roll)[None], IBUG_68))
    assert found == pytest.approx(degrees, abs=0.5)
    assert np.isnan(estimate_yaw(np.zeros((2, 15, 2)), KAGGLE_15)).all()


def test_shares_of_unknown_and_outside():
    labels = np.random.default_rng(2).uniform(0.2, 0.8, (3, 68, 2))
    labels[1, :17] = np.nan  # a jaw unknown
    labels[2, 30] = 1.2, 0.5  # a nose outside
    found = shares(Faces(labels, *[np.zeros(3)] * 4, np.zeros((8, 8, 3))), IBUG_68)
    none = dict.fromkeys(("jaw", "brows", "nose", "eyes", "mouth"), 0)
    assert found["unknown"] == none | {"jaw": pytest.approx(1 / 3)}
    assert found["outside the crop"] == none | {"nose": pytest.approx(1 / 27)}


def test_the_report_has_its_plots_and_tables_and_is_the_same_again(record_set, tmp_path):
    first, second = (write_report(record_set, tmp_path / name) for name in ("one", "two"))
    plots = sorted(path.name for path in first.glob("*.png"))
    assert plots == ["counts.png", "points.png", "sizes.png", "unknown.png", "yaw.png"]
    assert all(cv2.imread(str(first / name)).std() > 5 for name in plots)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()
    page, counts = (first / "report.md").read_text(), shards.checked_manifest(record_set).subsets["tiny/AFW"]
    assert "# 30 faces, 68 points (ibug68)" in page and all(f"]({name})" in page for name in plots)
    assert f"| tiny/AFW | {counts['train']} | {counts['test']} |" in page
