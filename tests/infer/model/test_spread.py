"""infer/model/spread.py: what a spread is worth, and contracts whose curve can't be."""

import json
import re

import numpy as np
import pytest

from infer.model.contract import read_contract
from infer.model.spread import Spread
from tests.helpers.tiny_model import CALIBRATED, write_model

FRACTION = CALIBRATED["unit"]


def test_the_error_to_be_expected_follows_the_curve_and_its_ends():
    known = Spread("spread", (0.01, 0.02, 0.06), (0.005, 0.015, 0.015), (1.0, 2.0, 0.5))
    spreads = np.array([[0.01, 0.015, 0.02], [0.0, 0.04, 0.9]], np.float32)
    found = known.expected(spreads)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.005, 0.02, 0.0075], [0.005, 0.03, 0.0075]], rtol=1e-6)
    assert Spread("spread").expected(spreads) is None


def test_a_contract_says_it_all_or_less(tmp_path):
    assert read_contract(write_model(tmp_path)).spread is None
    bare = {"name": "width", "unit": FRACTION}
    assert read_contract(write_model(tmp_path, spread=bare)).spread == Spread("width")
    found = read_contract(write_model(tmp_path, spread=CALIBRATED)).spread
    assert found == Spread("spread", (0, 0.03, 0.07), (0, 0.06, 0.1), (1, 1, 1, 2, 1))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"unit": "pixel of the crop"}, 'spread.unit is "pixel of the crop", expected one of "fraction of'),
        ({"curve": {"spread": [0, 0.1, 0.1], "error": [0, 1, 2]}}, "spread.curve.spread has 0.1 behind 0.1, expected"),
        ({"curve": {"spread": [0, 0.1], "error": [0.3, 0.2]}}, "spread.curve.error has 0.2 behind 0.3, expected"),
        ({"curve": {"spread": [-1, 0.1], "error": [0, 1]}}, "spread.curve.spread begins with -1.0, expected 0 or more"),
        ({"curve": {"spread": [0, 0.1], "error": [0, 1, 2]}}, "spread.curve has 2 spreads and 3 errors, expected as"),
        ({"curve": {"spread": [0], "error": [0]}}, "1 spreads and 1 errors, expected .*, two or more"),
        ({"curve": {"spread": [0, 1]}}, "spread.curve lacks or misspells 'error'"),
        (
            {"curve": {"spread": [0, "x"], "error": [0, 1]}},
            r"spread.curve.spread is .*, expected a list of numbers",
        ),
        ({"points": [1, 1, 2]}, "spread.points has 3 factors, expected 5, one for each point"),
        ({"points": [1, 1, 1, 0, 1]}, "spread.points has 0.0, expected factors above 0"),
        ({"points": []}, "spread has 3 knots and 0 points, expected both or neither"),
        ({"name": 3}, "spread.name is 3, expected text"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, changes, wanted):
    path = write_model(tmp_path, spread=CALIBRATED | changes)
    with pytest.raises(ValueError, match=rf"{re.escape(str(path.with_suffix('.json')))}: .*{wanted}"):
        read_contract(path)


def test_factors_without_a_curve_are_refused(tmp_path):
    path = write_model(tmp_path, spread=CALIBRATED).with_suffix(".json")
    raw = json.loads(path.read_text())
    del raw["spread"]["curve"]
    path.write_text(json.dumps(raw))
    with pytest.raises(ValueError, match="spread has 0 knots and 5 points, expected both or neither"):
        read_contract(path)
