"""tools/evaluation/models.py: which models can be measured."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from records.landmarks import scheme_of
from tests.helpers.tiny_onnx import pooled_model, write_peer
from tools.evaluation.mean_face import MEAN_SHAPE
from tools.evaluation.models import common_scheme, named_by, open_models
from tools.read.face import Item


def network(name):
    return SimpleNamespace(contract=SimpleNamespace(points=SimpleNamespace(scheme=name)))


def test_points_without_a_scheme_are_those_of_a_model_of_as_many():
    items = [
        Item("set", "all", name, "s", Path("a.jpg"), Path("a.csv"), scheme=scheme_of(name))
        for name in ("points98", "points5", "ibug68")
    ]
    models = {"a": network("ibug68"), "b": network("wflw98"), "c": network("kaggle15")}
    assert [item.scheme.name for item in named_by(items, models)] == ["wflw98", "points5", "ibug68"]
    assert [item.scheme.name for item in named_by(items, {})] == ["points98", "points5", "ibug68"]
    assert common_scheme(items[:1], models).name == "kaggle15"
    assert common_scheme([items[0], items[2]], {"b": network("wflw98")}).name == "ibug68"
    with pytest.raises(ValueError, match=r"found kaggle15 \(c\), points98 \(set\), expected one that all map to"):
        common_scheme(items[:1], {"c": network("kaggle15")})


def test_models_that_cannot_be_measured(tmp_path):
    path = write_peer(tmp_path)
    assert list(open_models([path])) == [str(path), MEAN_SHAPE]
    with pytest.raises(ValueError, match="models: found one of them twice"):
        open_models([path, path])
    with pytest.raises(FileNotFoundError, match="no such model"):
        open_models([tmp_path / "none.pb"])
    path.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match=r"peer\.json: no such contract"):
        open_models([path])
    points = {"count": 4, "groups": {}, "lines": {}, "left_eye": [1], "right_eye": [0], "flip": [1, 0, 2, 3]}
    odd = {**points, "flip": [1, 2, 3, 0]}  # a permutation is all that inference asks for
    for own, wanted in (
        ({"scheme": "four", **odd}, r"four flip\[0\]: found 1, whose own partner is 2"),
        ({"scheme": "ibug68", **points}, "found 4 points, expected 68 of ibug68"),
    ):
        path = write_peer(tmp_path, points=own)
        path.write_bytes(pooled_model(np.zeros((3, 8)), np.zeros(8)))
        with pytest.raises(ValueError, match=rf"peer\.onnx: {wanted}"):
            open_models([path])
