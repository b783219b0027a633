"""tools/fit/errors.py: a curve and factors that are known come out again, and stand in the contract."""

import json
from collections import Counter

import numpy as np
import pytest

from infer.model.spread import Spread
from tests.helpers.drawn import draw_set
from tests.helpers.telling import Telling
from tools import fit_constants
from tools.evaluation.held_out import held_out
from tools.evaluation.looks import halves
from tools.fit import errors as fitting
from tools.fit.errors import fit
from tools.read import formats

RNG = np.random.default_rng(2)
FACTORS = np.array([0.5, 1.0, 2.0, 0.8, 0.7])  # of mean 1


def told_error(spread):
    """Twice the spread up to 0.05, and level from there."""
    return np.minimum(2 * spread, 0.1)


def test_curve_and_factors_come_out_again():
    spread = RNG.uniform(0.01, 0.08, (400, 5))
    error = told_error(spread) * FACTORS * RNG.uniform(0.8, 1.2, spread.shape)
    error[:100, 2] = np.nan
    found = fit(spread, error)
    np.testing.assert_allclose(found.points, FACTORS, rtol=0.03)
    places = np.array([0.02, 0.03, 0.045, 0.07])
    np.testing.assert_allclose(np.interp(places, found.spreads, found.errors), told_error(places), rtol=0.06)
    assert (np.diff(found.spreads) > 0).all() and (np.diff(found.errors) >= 0).all()
    np.testing.assert_allclose(found.expected(spread[:3]) / FACTORS, told_error(spread[:3]), rtol=0.1)


def test_a_spread_that_tells_the_contrary_tells_nothing():
    spread = RNG.uniform(0.01, 0.08, (90, 3))
    found = fit(spread, 0.1 - spread)
    np.testing.assert_allclose(found.errors, (0.1 - spread).mean(), rtol=0.01)


@pytest.mark.parametrize(
    "spread, error, said",
    [
        (np.full((5, 2), 0.1), np.ones((5, 2)), "found one spread, 0.1,"),
        (RNG.uniform(size=(5, 2)), np.array([[1.0, np.nan]] * 5), "point 1 is known in no face"),
    ],
)
def test_what_nothing_can_be_fitted_by(spread, error, said):
    with pytest.raises(ValueError, match=said):
        fit(spread, error)


def test_the_command_writes_the_contract(tmp_path, monkeypatch, capsys):
    folder = draw_set(tmp_path / "tiny", sources=60, views=1)
    faces = [formats.read(item, "pts_2d") for item in formats.find(folder, "tiny")]

    def points(image, box):
        return min(faces, key=lambda face: np.abs(image.astype(float) - face.image).mean()).points

    def off(image, box):
        return 0.02 * (box[2] - box[0]) * np.linspace(0.5, 1.5, 68) * (1 + image.mean() / 255)

    telling = Telling(points, off, lambda off: off / 2)
    telling.contract.raw.update(version=1, spread={"name": "spread", "unit": "u"}, margin=0.5)
    monkeypatch.setattr(fitting, "uncalibrated", lambda model: telling)
    monkeypatch.setattr(fitting, "FEWEST", 2)
    fitted, rest = halves(held_out([folder], telling.contract), telling.contract)
    fitted[0].annotation.write_bytes(b"no points of that kind")
    out = tmp_path / "new.json"
    argv = ["errors", str(tmp_path / "telling.pb"), "--data", str(folder)]
    assert fit_constants.main([*argv, "--out", str(out)]) == 0
    written = json.loads(out.read_text())
    assert written["version"] == 1 and written["margin"] == 0.5
    own = written["spread"]
    spread = Spread(own["name"], tuple(own["curve"]["spread"]), tuple(own["curve"]["error"]), tuple(own["points"]))
    assert own["fitted_on"] == Counter(f"tiny/{item.subset}" for item in fitted[1:]) and rest
    middle = np.array([np.mean(own["curve"]["spread"])])
    assert spread.expected(np.tile(middle, 68))[34] == pytest.approx(2 * middle[0], rel=0.1)
    monkeypatch.setattr(fitting, "FEWEST", 50)
    assert fit_constants.main(argv) == 2 and "expected 50" in capsys.readouterr().err
