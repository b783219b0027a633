"""infer/model/specialist.py: a second network answers some of the first one's points."""

import numpy as np
import pytest

from infer import Landmarker
from infer.faces.located import Located
from infer.model import network
from infer.model.contract import read_contract
from infer.model.specialist import Specialist
from tests.helpers.tiny_model import CALIBRATED, SHAPE, write_model
from tests.helpers.tiny_model import expected_fractions as answer_to

NAMES = ["right eye", "left eye", "nose", "right corner", "left corner"]
GROUPS = {"groups": {"all": [0, 1, 2, 3, 4]}, "lines": {}, "left_eye": [1], "right_eye": [0]}
POINTS = {"scheme": "tiny5", "count": 5, "flip": [1, 0, 2, 4, 3], **GROUPS}
UNIT = CALIBRATED["unit"]
OUTPUT = {"name": "landmarks", "layout": "x0 y0 x1 y1 ...", "unit": UNIT}
ORDER = [2, 4, 0, 1, 3]  # of the second model's points among the first one's


def second(folder, **changes):
    """A model that calls its points by the first one's names in another order, and so answers otherwise."""
    points = {**POINTS, "scheme": "tiny5[0,1,2,3,4]", "names": [NAMES[index] for index in ORDER]}
    return write_model(folder, name="second", **{"points": points | changes.pop("points", {}), **changes})


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("first"), points={**POINTS, "names": NAMES})


def test_shared_points_come_from_the_second(first, tmp_path):
    network = Specialist(read_contract(first), second(tmp_path))
    assert network.places == ORDER
    crops = [np.full((32, 32, 3), value, np.uint8) for value in (20, 200)]
    merged = network.replace(Located(np.full((2, 5, 2), -1, np.float32)), crops)
    assert merged.errors is None
    for found, value in zip(merged.points, (20, 200), strict=True):
        np.testing.assert_allclose(found[ORDER], answer_to([value] * 3), atol=1e-5)


def test_a_landmarker_of_two(first, tmp_path):
    image = np.full((90, 120, 3), 128, np.uint8)
    box = [[30, 20, 70, 60]]
    alone = Landmarker(first).fit(image, box, passes=1)
    merged = Landmarker(first, merge=second(tmp_path)).fit(image, box, passes=1)
    assert np.abs(merged - alone).max() > 10
    np.testing.assert_allclose(merged[:, ORDER], alone, atol=1e-3)


def test_errors_come_with_the_points_if_both_know_them(tmp_path):
    image, box = np.full((90, 120, 3), 128, np.uint8), [[30, 20, 70, 60]]
    known = write_model(tmp_path, points={**POINTS, "names": NAMES}, spread=CALIBRATED)
    for spread, wanted in ((CALIBRATED | {"points": [3, 3, 3, 6, 3]}, True), ({"name": "spread", "unit": UNIT}, False)):
        (alone,) = Landmarker(known).fit_faces(image, box, 1)
        (merged,) = Landmarker(known, merge=second(tmp_path, spread=spread)).fit_faces(image, box, 1)
        assert (merged.errors is not None) == wanted
        if wanted:
            np.testing.assert_allclose(merged.errors[ORDER], 3 * alone.errors, rtol=1e-5)


def test_the_second_mirrors_as_the_first(first, tmp_path):
    """Merging comes before the mirror's points are put back, so that both are mirrored alike."""
    landmarker = Landmarker(first, merge=second(tmp_path, points={"names": NAMES}))
    image = np.full((90, 120, 3), 128, np.uint8)
    points = (SHAPE[None] * 60 + 20).astype(np.float32)
    both = [one.mirrored(image, points).points for one in (landmarker, Landmarker(first))]
    np.testing.assert_allclose(*both, atol=1e-3)


def test_points_are_taken_back_with_the_offset_of_who_answers_them(first, tmp_path):
    aside = float(answer_to([128] * 3)[0, 0] - SHAPE[0, 0])  # all that the tiny model answers lies so far to the right
    landmarker = Landmarker(first, merge=second(tmp_path, points={"names": NAMES}, output=OUTPUT | {"offset": aside}))
    image = np.full((90, 120, 3), 128, np.uint8)
    points = (SHAPE[None] * 60 + 20).astype(np.float32)
    plain, mirrored = landmarker.refine(image, points).points, landmarker.mirrored(image, points).points
    np.testing.assert_allclose(mirrored, plain, atol=1e-3)
    assert np.abs(Landmarker(first).mirrored(image, points).points - plain).max() > 1


def test_some_points_have_the_seconds_offset(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "load", lambda contract: None)
    known = write_model(tmp_path, points={**POINTS, "names": NAMES}, output=OUTPUT | {"offset": 0})
    some = {"count": 2, "names": [NAMES[4], NAMES[0]], "flip": [], "groups": {"all": [0, 1]}, "left_eye": []}
    aside = second(tmp_path, points=some | {"right_eye": []}, output=OUTPUT | {"offset": -0.04})
    assert Specialist(read_contract(known), aside).offsets.tolist() == [-0.04, 0, 0, 0, -0.04]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": {"names": [*NAMES[:4], "ear"]}}, "found the points ear, expected some of those of .*landmark.pb"),
        ({"points": {"scheme": "other5"}}, "found points of other5, expected some of those"),
        ({"crop": {"margin": 0.2}}, r"found size 32, margin 0.2, shift \[0.0, 0.0\], expected 32, 0.5, "),
        ({"crop": {"margin": 0.5, "shift": [0, 0.1]}}, r"shift \[0.0, 0.1\], expected 32, 0.5, \[0.0, 0.0\] as"),
    ],
)
def test_networks_that_do_not_go_together(first, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        Specialist(read_contract(first), second(tmp_path, **changes))
