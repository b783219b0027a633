"""tools/measure/limits.py: kinds of faces, faces made harder, the table."""

import numpy as np
import pytest

from infer.faces.pose import mean_face
from tests.helpers.drawn import draw_set, one_face
from tools.evaluation.corruptions import CHANGES
from tools.measure import limits
from tools.measure.limits import kinds_of, measure, table
from tools.read import formats
from tools.read.face import AnnotatedFace


class Offset:
    """A landmarker that answers the points of `one_face`, off by a share of the box's edges that grows with grey."""

    def fit(self, image, boxes, passes):
        assert passes == 1
        own = one_face(100).points
        x0, y0, x1, y1 = boxes[0]
        size = np.array([x1 - x0, y1 - y0])
        unit = (own - own.min(axis=0)) / np.ptp(own, axis=0)
        return ((unit + image.mean() / 1000) * size + (x0, y0))[None]


@pytest.mark.parametrize("unknown", [0, 17])
def test_an_error_is_that_of_one_pass_by_the_box_of_the_whole_face(unknown):
    found = one_face()
    size = np.ptp(found.points, axis=0)
    partly = found.points.copy()
    partly[:unknown] = np.nan  # each point is off by as much, so that the mean is the same
    expected = np.hypot(*(0.1 * size)) / np.sqrt(size.prod())
    assert limits.error_of(Offset(), found._replace(points=partly)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("yaw, expected", [(10, "head turned, yaw 0-30°"), (-50, "head turned, yaw 30-60°")])
def test_kinds_of_a_face(yaw, expected):
    image, points, box = one_face(150, grey=40)
    kinds = list(kinds_of(AnnotatedFace(image, points, box, np.radians([0, yaw, 0]))))
    assert expected in kinds
    assert {"box's longer edge, pixels, 100 to 200", "mean grey of the face's pixels, under 70"} <= set(kinds)
    assert any(kind.startswith("less open eye") for kind in kinds) == (abs(yaw) < 45)


def test_without_a_pose_the_points_tell_it():
    image, points, box = one_face()
    assert "head turned, yaw 0-30°" in kinds_of(AnnotatedFace(image, points, box))
    points[mean_face().used[0]] = np.nan
    assert not any("turned" in kind for kind in kinds_of(AnnotatedFace(image, points, box)))


def test_measured_and_told(tmp_path):
    folder = draw_set(tmp_path / "tiny", sources=6, views=2)
    items = formats.find(folder, "tiny")
    errors = measure(Offset(), items)
    assert {len(errors[kind]) for kind in ("all faces", *CHANGES)} == {len(items)}
    assert {source for _, source in errors["all faces"]} == {item.source for item in items}
    rows = {row.split(" | ")[0].strip("| "): row.split(" | ")[1:] for row in table(errors).splitlines()}
    mean = 100 * np.mean([error for error, _ in errors["noise"]])
    assert rows["noise"][:2] == [str(len(items)), f"{mean:.2f}"]
    assert list(rows)[2] == "all faces" and list(rows)[-len(CHANGES) :] == list(CHANGES)
