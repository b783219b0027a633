"""A detector's test restated: scenes as they are looked at, finds of made-up cells, measures by hand."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from infer.geometry.cells import cell_centres, encoded
from infer.geometry.levels import FIELDS
from net.detector.evaluation import GREEN, WHITE, DetectorLook, in_words, measures_of, seen_at, spread, truth_of
from net.detector.shape import LEVELS
from records.judging import judge
from records.scene import SceneRecord
from tests.helpers.judged import finds, picture, three_judged

FIVE = np.array([[-5, -4], [5, -4], [0, 1], [-4, 6], [4, 6.0]])


def record(height: int, width: int) -> SceneRecord:
    """A grey picture with a face at (40, 30), upright, 24 wide and 32 high, and something to ignore."""
    image = cv2.imencode(".png", np.full((height, width, 3), 90, np.uint8))[1].tobytes()
    oriented, five = np.array([[40, 30, 24, 32, 0.5]], np.float32), (FIVE + (40, 30))[None].astype(np.float32)
    box, ignore = np.array([[28, 14, 52, 46]], np.float32), np.array([[0, 0, 8, 12]], np.float32)
    return SceneRecord(image, width, height, oriented, box, five, ("fit",), ignore, "a/b", "n", "n")


def test_a_scene_is_reduced_with_its_places_and_never_enlarged():
    small = seen_at(record(100, 160), 40)
    assert small.image.shape == (25, 40, 3)
    np.testing.assert_allclose(small.boxes, [[(28.5) / 4 - 0.5, 14.5 / 4 - 0.5, 52.5 / 4 - 0.5, 46.5 / 4 - 0.5]])
    np.testing.assert_allclose(small.oriented, [[40.5 / 4 - 0.5, 30.5 / 4 - 0.5, 6, 8, 0.5]])
    np.testing.assert_allclose(small.five[0, 2], [40.5 / 4 - 0.5, 31.5 / 4 - 0.5])
    np.testing.assert_allclose(small.ignore, [[-0.375, -0.375, 1.625, 2.625]])
    whole = seen_at(record(100, 160), 400)
    assert whole.image.shape == (100, 160, 3)
    np.testing.assert_allclose(whole.oriented, [[40, 30, 24, 32, 0.5]])
    truth = truth_of("a/b", whole)
    assert truth.heights.tolist() == [32] and truth.rolls.tolist() == [0.5] and np.isnan(truth.yaws).all()


class Cells(SimpleNamespace):
    """A session whose network answers a face of the record in given cells, (level, row, column) -> score."""

    def run(self, cells, feed):
        (self.image,) = feed.values()
        maps = []
        for index, level in enumerate(LEVELS):
            height, width = (edge // level.stride for edge in self.image.shape[1:3])
            one = np.zeros((1, height, width, FIELDS), np.float32)
            for (_, row, column), score in {place: s for place, s in self.scores.items() if place[0] == index}.items():
                oriented, five = np.array([[40, 30, 24, 32, 0.0]]), (FIVE + (40, 30))[None]
                centre = cell_centres(level, height, width)[row, column][None]
                one[0, row, column, 0] = score
                one[0, row, column, 1:] = encoded(oriented, five, centre, level)
            maps.append(one)
        return maps


LOOK = DetectorLook("image", ["cells8", "cells16", "cells32"], 200)


def test_finds_are_decoded_from_all_levels_and_each_face_is_one():
    session = Cells(scores={(0, 3, 4): 0.6, (0, 3, 5): 0.3, (1, 1, 2): 0.9, (2, 0, 1): 0.01})
    found = LOOK.find(session, np.full((100, 160, 3), 90, np.uint8))
    assert found.scores == pytest.approx([0.9])
    np.testing.assert_allclose(found.oriented[0], [40, 30, 24, 32, 0], atol=1e-4)
    np.testing.assert_allclose(found.five[0], FIVE + (40, 30), atol=1e-4)
    assert session.image.shape == (1, 128, 160, 3)  # to multiples of 32, black below
    assert (session.image[0, :100] == 90).all() and not session.image[0, 100:].any()
    assert len(LOOK.find(Cells(scores={}), np.zeros((32, 64, 3), np.uint8))) == 0


def test_true_faces_are_white_and_sure_finds_green():
    for score, eye in ((0.9, GREEN), (0.4, WHITE)):  # finds are drawn above, at the same place
        drawn = LOOK.drawn(Cells(scores={(1, 1, 2): score}), record(100, 160), 0.5)
        assert tuple(drawn[26, 35]) == eye
        assert (drawn == GREEN).all(axis=2).any() == (eye == GREEN)


def test_measures_by_hand():
    measures = measures_of(three_judged())
    # by score: a face 0.9, false 0.7, a face 0.6, false 0.4 and 0.3; one is missed; none of 3 pictures may have one
    assert measures["average_precision"] == pytest.approx((1 + 2 / 3) / 3)
    assert measures["recall"] == pytest.approx(1 / 3) and measures["threshold"] == 0.9
    assert measures["recall/crowd"] == 1 / 2 and measures["recall/plain/24-48 px"] == 1
    assert measures["average_precision/all/48 px and more"] == 0
    assert "recall/all/12-24 px" not in measures
    assert in_words(measures) == "test AP 55.56 % (recall 33.33 %)"


def test_without_faces_nothing_is_measured_but_a_threshold():
    none = judge([picture("a")], [finds(([0, 0, 9, 9], 0.5))])
    assert measures_of(none) == {}
    assert "nan %" in in_words({})


def test_scenes_are_spread_evenly():
    assert spread(11, 3) == {0, 5, 10} and spread(2, 5) == {0, 1} and spread(0, 3) == set()
