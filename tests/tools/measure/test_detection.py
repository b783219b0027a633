"""tools/measure/detection.py: missed and invented faces, by a landmarker that knows the truth."""

import numpy as np
import pytest

from infer.faces.face import face_of
from tests.helpers.drawn import draw_set, symmetric_face
from tools.evaluation.held_out import read_all
from tools.measure import detection
from tools.read import formats


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Drawn faces of 40 photos in two views, some of them held out; not to be changed."""
    return draw_set(tmp_path_factory.mktemp("measure") / "tiny", sources=40, views=2)


@pytest.fixture(scope="module")
def truth(drawn):
    """The true points of every drawn picture, by its bytes."""
    return {face.image.tobytes(): face.points for _, face in read_all(formats.find(drawn, "tiny"))}


class Oracle:
    """A landmarker that knows the drawn faces, off by a given share of the box, and finds what it is told to."""

    def __init__(self, truth, off=0.01, finds=lambda points: [points]):
        self.truth, self.off, self.finds = truth, off, finds

    def detect(self, image, passes=2):
        return [face_of(points, 0.9) for points in self.finds(self.truth[image.tobytes()])]

    def fit(self, image, boxes, passes=2, upright=True):
        edge = np.ptp(np.asarray(boxes[0]).reshape(2, 2), axis=0).max()
        return self.truth[image.tobytes()][None] + np.float32((self.off * edge, 0))


def test_missed_and_invented_are_counted(drawn, truth):
    items = formats.find(drawn, "tiny")
    elsewhere = symmetric_face() * 8 + (12, 12)
    calls = []

    def finds(points):
        calls.append(1)
        return [[], [points], [points, elsewhere], [points + 200]][len(calls) % 4]

    rows = detection.measure(Oracle(truth, 0.02, finds), items)
    assert len(rows) == 80 and sum(row.found for row in rows) == 40
    assert sum(row.invented for row in rows) == 40  # 20 elsewhere, 20 too far from their face
    for row in rows:
        assert row.true_box > 0.015 and (row.detector_box < 1e-6 if row.found else np.isnan(row.detector_box))
    # the drawn poses: 0.3 radians of yaw for each view
    assert {row.name for row in rows} == {"tiny/AFW, yaw 0-30", "tiny/HELEN, yaw 0-30"}
    lines = detection.table(rows).splitlines()
    assert len(lines) == 4 and lines[2].startswith("| tiny/AFW, yaw 0-30 | 40 | ")
    name, number, missed, invented, own, other, difference = lines[2].split(" | ")
    mine = [row for row in rows if row.name == "tiny/AFW, yaw 0-30"]
    assert float(missed) == pytest.approx(100 * np.mean([not row.found for row in mine]), abs=0.06)
    assert float(own) > 1.5 and float(other) == 0 and float(difference.rstrip(" |")) == -float(own)


def test_of_photos_only_the_counts_are_shown():
    row = detection.FaceOutcome("photos", True, 1, 0.1, 0.1)
    assert detection.table([row]).splitlines()[-1] == "| photos | 1 | 0.0 | 100.0 | | | |"
