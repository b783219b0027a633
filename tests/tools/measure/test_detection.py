"""tools/measure/detection.py: missed and invented faces, by a landmarker that knows the truth."""

from dataclasses import replace

import numpy as np
import pytest

from infer.faces.face import face_of
from tests.helpers.drawn import draw_set, symmetric_face
from tools.evaluation.held_out import read_all
from tools.measure import detection
from tools.read import formats


class Oracle:
    """A landmarker that knows the drawn faces, off by 2 % of the box, and finds what it is told to."""

    def __init__(self, items, finds):
        self.truth = {face.image.tobytes(): face.points for _, face in read_all(items)}
        self.finds = finds

    def detect(self, image, passes=2):
        return [face_of(points, 0.9) for points in self.finds(self.truth[image.tobytes()])]

    def fit(self, image, boxes, passes=2, upright=True):
        edge = np.ptp(np.asarray(boxes[0]).reshape(2, 2), axis=0).max()
        return self.truth[image.tobytes()][None] + np.float32((0.02 * edge, 0))


def test_missed_and_invented_are_counted(tmp_path):
    items = formats.find(draw_set(tmp_path / "tiny", sources=40, views=2), "tiny")
    elsewhere = symmetric_face() * 8 + (12, 12)
    calls = []

    def finds(points):
        calls.append(1)
        return [[], [points], [points, elsewhere], [points + 200]][len(calls) % 4]

    rows = detection.measure(Oracle(items, finds), items)
    assert len(rows) == 80 and sum(row.found for row in rows) == 40
    assert sum(row.invented for row in rows) == 40  # 20 elsewhere, 20 too far from their face
    for row in rows:
        assert row.true_box > 0.015 and (row.detector_box < 1e-6 if row.found else np.isnan(row.detector_box))
    # the drawn poses: 0.3 radians of yaw for each view
    assert {row.name for row in rows} == {"tiny/AFW, yaw 0-30", "tiny/HELEN, yaw 0-30"}
    _, number, missed, _, own, other, difference = detection.table(rows).splitlines()[2].split(" | ")
    mine = [row for row in rows if row.name == "tiny/AFW, yaw 0-30"]
    assert number == "40" and float(missed) == pytest.approx(100 * np.mean([not row.found for row in mine]), abs=0.06)
    assert detection.table([replace(rows[0], name="photos")]).endswith(" | | | |")  # of photos the counts alone
    assert float(own) > 1.5 and float(other) == 0 and float(difference.rstrip(" |")) == -float(own)
