import numpy as np
import pytest

from records.judging import FacePart, judge
from tests.helpers.judged import LARGE, SMALL, TRUTHS, TURNED, finds, three_judged
from tools.evaluation.detections import detection_rows, invented_in, missed_rows, recall_curve, roll_errors


@pytest.fixture
def judged():
    return three_judged()


def test_rows_by_hand(judged):
    rows = {row["faces of"]: row for row in detection_rows("mine", judged, 0.5, rates=(0, 0.34, 1))}
    assert set(rows) == {
        *("all", "all, 24-48 px", "all, 48 px and more", "all, masked"),
        *(f"all, yaw {bin}" for bin in ("0-30", "30-60", "60-90")),
        *("crowd", "crowd, 24-48 px", "crowd, 48 px and more", "crowd, masked", "crowd, yaw 0-30", "crowd, yaw 60-90"),
        *("plain", "plain, 24-48 px", "plain, yaw 30-60"),
    }
    # that count, by score: TURNED 0.9, false 0.7, SMALL 0.6, false 0.4, false 0.3; LARGE is missed, TINY too low
    one = rows["all"]
    assert (one["faces"], one["pictures"], one["found"], one["false alarms"]) == (3, 3, 2, 1)
    assert one["average precision"] == pytest.approx(100 * (1 + 2 / 3) / 3)
    assert one["missed"] == pytest.approx(100 / 3) and one["false a picture"] == pytest.approx(1 / 3)
    assert [one[f"recall at {rate:g}"] for rate in (0, 0.34, 1)] == pytest.approx([100 / 3, 200 / 3, 200 / 3])
    assert (one["threshold at 0"], one["threshold at 0.34"], one["threshold at 1"]) == (0.9, 0.6, 0.3)
    masked, plain = rows["all, masked"], rows["plain"]
    assert (masked["faces"], masked["recall at 0"], masked["recall at 0.34"]) == (
        1,
        0,
        100,
    )  # TURNED counts neither way
    assert (plain["faces"], plain["pictures"], plain["recall at 0"], plain["false alarms"]) == (1, 2, 100, 1)
    assert rows["all, yaw 60-90"]["missed"] == 100 and rows["all, yaw 60-90"]["average precision"] == 0


def test_roll_errors_are_the_shorter_way_round(judged):
    np.testing.assert_allclose(np.sort(roll_errors(judged, 0.5)), [2, 15])
    np.testing.assert_allclose(roll_errors(judged, 0.8), [2])


def test_invented_and_curve(judged):
    assert invented_in(judged, 0.35) == {"plain": (1, 1)} and invented_in(judged, 0.45) == {"plain": (0, 1)}
    whole = FacePart("all", np.full(3, True), np.full(3, True))
    thresholds, false, recall = recall_curve(judged, whole)
    assert thresholds.tolist() == [0.9, 0.7, 0.6, 0.4, 0.3]
    np.testing.assert_allclose(false, [0, 1 / 3, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(recall, np.array([1, 1, 2, 2, 2]) * 100 / 3)


def test_missed_with_as_many_false_alarms_as_another_has(judged):
    others = judge(TRUTHS, [finds((SMALL, 0.9), ([300, 0, 330, 30], 0.8), (LARGE, 0.6)), finds((TURNED, 0.3)), finds()])
    rows = {row["faces of"]: row for row in missed_rows("mine", judged, "other", others, 0.5)}
    one = rows["all"]
    assert (one["faces"], one["false alarms"], one["threshold"]) == (3, 1, 0.6)
    assert (one["missed"], one["missed by it"]) == pytest.approx((100 / 3, 100 / 3))
    plain = rows["plain"]  # no false alarm there
    assert (plain["false alarms"], plain["missed"], plain["missed by it"]) == (0, 0, 100)
