"""tools/fit/check.py: a prior of shapes, a border between faces and false alarms, and the file of both."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from infer.faces.check import load_check
from infer.geometry.candidates import candidates_of
from infer.model.trained_on import SplitRule, TrainedOn
from records.split import Split
from tests.helpers.drawn import draw_set
from tests.helpers.fitted import many_faces
from tools import fit_constants
from tools.fit import check as fit_check
from tools.fit.check import fit_prior, fit_score
from tools.fit.faces import drawn_faces
from tools.read import w300lp


def test_a_prior_knows_its_like():
    prior = fit_prior(many_faces(300))
    like = prior.distances(many_faces(50, seed=1))
    junk = prior.distances(np.random.default_rng(2).uniform(0, 99, (50, 68, 2)))
    assert 0.7 < like[:, 0].mean() < 1.3 and 0.7 < like[:, 1].mean() < 1.4
    assert junk[:, 1].min() > 10 * like[:, 1].max()
    mirrored = many_faces(50, seed=1) * (-1, 1)
    assert prior.distances(mirrored)[:, 1].min() > like[:, 1].max()  # points in the wrong order
    with pytest.raises(ValueError, match="found 59 without unknown points, expected at least 60"):
        fit_prior(many_faces(59))


def test_a_logistic_regression_finds_the_border():
    rng = np.random.default_rng(0)
    inputs = np.concatenate([rng.normal((0, 3, 5), 0.4, (400, 3)), rng.normal((2, 3, 5), 0.4, (50, 3))])
    overlap = np.r_[np.full(400, 0.8), np.full(50, 0.1)]
    weights, bias = fit_score(inputs, overlap)
    first, middle, last = (weights @ (x, 3, 5) + bias for x in (0, 1, 2))
    assert first > 2 and last < -2 and abs(middle) < 0.5  # in the middle, however many of either there are
    assert abs(weights[0]) > 5 * np.abs(weights[1:]).max()
    with pytest.raises(ValueError, match="found 400 faces and 19 false alarms, expected at least 20"):
        fit_score(inputs[:419], overlap[:419])


class Finder:
    """A landmarker whose detector finds the true box and, elsewhere, a wall; a black picture has nothing in it."""

    class contract:  # noqa: N801
        model, sha256 = Path("landmark.pb"), hashlib.sha256(b"model").hexdigest()
        trained_on = TrainedOn(points="pts_3d", split=SplitRule(0.4, 1))

    def __init__(self, *_):
        self.rng = np.random.default_rng(0)

    def open_detector(self):
        return self

    def looks(self, image):
        yield candidates_of([[60, 40, 160, 140], [5, 5, 35, 35]], [0.9, 0.8]).chosen([0, 1] if image.any() else [])

    def answers(self, image, boxes, passes):
        shapes = many_faces(len(boxes), seed=int(image.sum()) % 1000)
        middle, size = shapes.mean(axis=1, keepdims=True), np.ptp(shapes, axis=1).max(axis=1)[:, None, None]
        true = (shapes - middle) / size * 120 + (115, 95)
        true[1] = self.rng.uniform(0, 40, (68, 2))
        return [None, true.astype(np.float32)]

    def mirrored(self, image, points):
        return points + self.rng.normal(0, (1, 9), (68, 1, 2)).transpose(1, 0, 2).repeat(len(points), axis=0)


def test_the_command_writes_what_the_check_reads(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fit_constants, "Landmarker", Finder)
    monkeypatch.setattr(fit_check, "COMPONENTS", 5)
    folder, out = draw_set(tmp_path / "tiny", sources=14, views=3), tmp_path / "check.json"
    damaged, black, *_ = (item.picture for item in drawn_faces([folder], 99, 0, Split(0.4)))
    damaged.write_bytes(b"no picture")
    cv2.imwrite(str(black), np.zeros((190, 230, 3)))  # nothing is found in it
    assert fit_constants.main(["check", str(folder), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out.rstrip().endswith(f"-> {out}") and "skipped: " in printed.err
    found = load_check(out)
    assert found.model == Finder.contract.sha256 and found.prior.components.shape == (5, 136)
    assert str(tmp_path) not in out.read_text()
    fitted_on = json.loads(out.read_text())["fitted_on"]
    assert set(fitted_on) == {"tiny/AFW", "tiny/HELEN"}
    items = [item for item in w300lp.find(folder, "tiny") if item.picture != damaged]
    assert sum(fitted_on.values()) == sum(Split(0.4).side_of(item.source) == "train" for item in items)  # its own split
