"""infer/faces/check.py and tools/fit/check.py: faces told from others."""

import hashlib
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
    normalised,
    own_constants,
)
from infer.geometry.rotations import rotation
from infer.model.contract import TrainedOn
from tests.helpers.drawn import draw_set, symmetric_face
from tools.fit import check as fit_check
from tools.fit.check import fit_prior, fit_score
from tools.read import w300lp as read_300w_lp


def faces(count: int, seed: int = 0) -> np.ndarray:
    """Drawn faces of many widths and places, [N, 68, 2]."""
    rng = np.random.default_rng(seed)
    shapes = symmetric_face() * rng.uniform(0.8, 1.2, (count, 1, 2)) + rng.normal(0, 0.01, (count, 68, 2))
    return shapes * rng.uniform(20, 200, (count, 1, 1)) + rng.uniform(0, 300, (count, 1, 2))


def test_disagreement_by_hand():
    first = np.array([[[0, 0], [10, 0], [0, 4]], [[0, 0], [0, 20], [5, 5]]], float)
    np.testing.assert_allclose(disagreement(first + [3, 4], first), [0.5, 0.25])
    assert disagreement(first[:0], first[:0]).shape == (0,)
    assert np.isfinite(disagreement(np.ones((1, 3, 2)), np.zeros((1, 3, 2)))).all()


def test_normalised_shapes_have_no_place_size_or_roll():
    shape = faces(1)[0]
    mean = normalised(shape[None])[0]
    moved = (shape @ rotation(0.8).T) * 3.3 + (50, -7)
    np.testing.assert_allclose(normalised(moved[None], mean)[0], mean, atol=1e-9)
    assert np.square(np.abs(mean)).mean() == pytest.approx(1) and abs(mean.mean()) < 1e-12


def test_a_prior_knows_its_like():
    prior = fit_prior(faces(300))
    like, junk = (
        prior.distances(faces(50, seed=1)),
        prior.distances(np.random.default_rng(2).uniform(0, 99, (50, 68, 2))),
    )
    assert 0.7 < like[:, 0].mean() < 1.3 and 0.7 < like[:, 1].mean() < 1.4
    assert junk[:, 1].min() > 10 * like[:, 1].max()
    mirrored = faces(50, seed=1) * (-1, 1)
    assert prior.distances(mirrored)[:, 1].min() > like[:, 1].max()  # points in the wrong order
    with pytest.raises(ValueError, match="shapes: found 59 without unknown points, expected at least 60"):
        fit_prior(faces(59))


def test_features_restated():
    prior, points = fit_prior(faces(100)), faces(4, seed=3)
    mirrored = points + np.random.default_rng(0).normal(0, 2, points.shape)
    found = features(points, mirrored, prior)
    for index, row in enumerate(found):
        edge = max(np.ptp(points[index][:, 0]), np.ptp(points[index][:, 1]))
        off = np.mean([np.hypot(*(a - b)) for a, b in zip(points[index], mirrored[index], strict=True)]) / edge
        assert row[0] == pytest.approx(np.log(off + 1e-3))
    np.testing.assert_allclose(np.exp(found[:, 1:]) - 1e-3, prior.distances(points))


def test_agreement_alone():
    points = faces(2)
    edges = np.ptp(points, axis=1).max(axis=1)
    shifts = np.array([AGREEMENT, 2 * AGREEMENT]) * edges
    scores = agreement_scores(points, points + np.stack([shifts, 0 * shifts], axis=1)[:, None])
    np.testing.assert_allclose(scores, [0.5, 1 / (1 + 4)], atol=1e-6)


def test_a_logistic_regression_finds_the_border():
    rng = np.random.default_rng(0)
    inputs = np.concatenate([rng.normal((0, 3, 5), 0.4, (400, 3)), rng.normal((2, 3, 5), 0.4, (50, 3))])
    overlap = np.r_[np.full(400, 0.8), np.full(50, 0.1)]
    weights, bias = fit_score(inputs, overlap)
    value = lambda x: weights @ (x, 3, 5) + bias  # noqa: E731
    assert value(0) > 2 and value(2) < -2 and abs(value(1)) < 0.5  # in the middle, however many of either there are
    assert abs(weights[0]) > 5 * np.abs(weights[1:]).max()
    with pytest.raises(ValueError, match="found 400 faces and 19 false alarms, expected at least 20 of either"):
        fit_score(inputs[:419], overlap[:419])


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
    assert fitted_for == json.loads(contract.read_text())["sha256"], "run tools/fit/check.py anew for the new network"
    assert "/work" not in constants.read_text()


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


def test_the_points_are_those_that_the_network_learnt(tmp_path):
    folder = draw_set(tmp_path / "tiny", sources=2, views=1)
    items = fit_check.draw([folder], 10, 0)
    faces = [face for _, face in fit_check.read_faces(items, fit_check.learnt_points(Model()))]
    for item, face in zip(items, faces, strict=True):
        np.testing.assert_array_equal(face.points, read_300w_lp.read(item, "pts_3d").points)
        assert np.abs(face.points - read_300w_lp.read(item, "pts_2d").points).max() == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"scheme": "ibug68", "shape": {"mean": [[1, 2]]}}'])
def test_damaged_constants_are_named(tmp_path, text):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ValueError, match=r"c\.json: found .*, expected what tools/fit/check\.py writes"):
        load_check(tmp_path / "c.json")
    with pytest.raises(FileNotFoundError, match=r"n\.json: found no such file, expected the constants of the check"):
        load_check(tmp_path / "n.json")


class Model:
    """A landmarker whose detector finds the true box and, elsewhere, a wall."""

    class contract:  # noqa: N801
        sha256, trained_on = hashlib.sha256(b"model").hexdigest(), TrainedOn(points="pts_3d")

    def __init__(self, *_):
        self.rng = np.random.default_rng(0)

    def new_detector(self):
        return self

    def looks(self, image):
        yield np.array([[60, 40, 160, 140], [5, 5, 35, 35.0]])

    def answers(self, image, boxes, passes):
        shapes = faces(len(boxes), seed=int(image.sum()) % 1000)
        middle, size = shapes.mean(axis=1, keepdims=True), np.ptp(shapes, axis=1).max(axis=1)[:, None, None]
        true = (shapes - middle) / size * 120 + (115, 95)
        true[1] = self.rng.uniform(0, 40, (68, 2))
        return [None, true.astype(np.float32)]

    def mirrored(self, image, points):
        return points + self.rng.normal(0, (1, 9), (68, 1, 2)).transpose(1, 0, 2).repeat(len(points), axis=0)


def test_the_script_writes_what_the_check_reads(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fit_check, "Landmarker", Model)
    monkeypatch.setattr(fit_check, "COMPONENTS", 5)
    folder = draw_set(tmp_path / "tiny", sources=14, views=3)
    out = tmp_path / "check.json"
    assert fit_check.main([str(folder), "--out", str(out)]) == 0
    assert capsys.readouterr().out.rstrip().endswith(f"-> {out}")
    found = load_check(out)
    assert found.model == Model.contract.sha256 and found.prior.components.shape == (5, 136)
    assert str(tmp_path) not in out.read_text()
    assert set(json.loads(out.read_text())["fitted_on"]) == {"tiny/AFW", "tiny/HELEN"}
    assert fit_check.main([str(tmp_path / "none"), "--out", str(out)]) == 2
    assert "no such folder" in capsys.readouterr().err
