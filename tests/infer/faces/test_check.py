"""infer/faces/check.py: faces told from others."""

import json

import numpy as np
import pytest

from infer.faces import check
from infer.faces.check import (
    AGREEMENT,
    FACE,
    agreement_scores,
    constants_of,
    disagreement,
    features,
    load_check,
    own_constants,
)
from tests.helpers.fitted import many_faces
from tools.fit.check import fit_prior


def test_disagreement_by_hand():
    first = np.array([[[0, 0], [10, 0], [0, 4]], [[0, 0], [0, 20], [5, 5]]], float)
    np.testing.assert_allclose(disagreement(first + [3, 4], first), [0.5, 0.25])
    assert disagreement(first[:0], first[:0]).shape == (0,)
    assert np.isfinite(disagreement(np.ones((1, 3, 2)), np.zeros((1, 3, 2)))).all()


def test_features_restated():
    prior, points = fit_prior(many_faces(60)), many_faces(4, seed=3)
    mirrored = points + np.random.default_rng(0).normal(0, 2, points.shape)
    found = features(points, mirrored, prior)
    for index, row in enumerate(found):
        edge = max(np.ptp(points[index][:, 0]), np.ptp(points[index][:, 1]))
        off = np.mean([np.hypot(*(a - b)) for a, b in zip(points[index], mirrored[index], strict=True)]) / edge
        assert row[0] == pytest.approx(np.log(off + 1e-3))
    np.testing.assert_allclose(np.exp(found[:, 1:]) - 1e-3, prior.distances(points))


def test_agreement_alone():
    points = many_faces(2)
    edges = np.ptp(points, axis=1).max(axis=1)
    shifts = np.array([AGREEMENT, 2 * AGREEMENT]) * edges
    scores = agreement_scores(points, points + np.stack([shifts, 0 * shifts], axis=1)[:, None])
    np.testing.assert_allclose(scores, [0.5, 1 / (1 + 4)], atol=1e-6)


def test_the_shipped_check_tells_faces_from_junk():
    check = load_check()
    points = check.prior.centre.reshape(2, -1).T[None] * 80 + 200
    near = points + np.random.default_rng(0).normal(0, 1, points.shape)
    own, other = check.scores(points, near, check.model), check.scores(points, near, "another")
    assert own[0] > 0.9 and other[0] > own[0]
    junk = np.random.default_rng(1).uniform(0, 200, (5, 68, 2))
    assert check.scores(junk, np.roll(junk, 1, axis=0), check.model).max() < FACE / 10
    assert check.scores(junk, junk, check.model).max() < FACE  # even where the mirrored look agrees with itself


@pytest.mark.parametrize("contract", sorted(check.CONSTANTS.parent.glob("landmark*.json")), ids=lambda path: path.stem)
def test_the_shipped_checks_were_fitted_for_the_shipped_networks(contract):
    constants = own_constants(contract.with_suffix(".pb"))
    fitted_for = load_check(constants).model
    assert fitted_for == json.loads(contract.read_text())["sha256"], "run tools/fit_constants.py check anew"


def test_a_model_has_its_own_check_or_that_of_its_name(tmp_path, monkeypatch):
    """One's own network's check never takes the place of one that came along."""
    monkeypatch.setattr(check, "CONSTANTS", tmp_path / "infer" / "face_check.json")
    (tmp_path / "infer").mkdir()
    small, mine = tmp_path / "infer" / "landmark_small.pb", tmp_path / "local" / "landmark_small.pb"
    assert own_constants(small) == small.with_name("face_check_small.json")
    assert constants_of(small) == constants_of(mine) == constants_of(tmp_path / "landmark.pb") == check.CONSTANTS
    own_constants(small).touch()
    assert constants_of(small) == constants_of(mine) == tmp_path / "infer" / "face_check_small.json"
    (tmp_path / "local").mkdir()
    own_constants(mine).touch()
    assert constants_of(mine) == tmp_path / "local" / "face_check_small.json"
    assert constants_of(small) == tmp_path / "infer" / "face_check_small.json"
    assert own_constants(tmp_path / "mine.pb") == tmp_path / "face_check_mine.json"
