"""infer/faces/constants.py and all that read constants by it: a file that is missing or damaged is named."""

import json

import pytest

from infer.detect.haar import load_cascades
from infer.detect.yunet import load_weights
from infer.faces.check import load_check
from infer.faces.pose import mean_face

DAMAGED = ["{", "[]", "{}"]
HALF_A_CHECK = {"mean": [[1, 2]], "centre": [1, 2], "components": [[1, 2]], "deviations": [1], "residual": 1}
CASES = [
    (load_cascades, "boxes", '{"cascades": [{"name": "a"}]}'),
    (load_weights, "boxes", '{"five_points": {"weights": [[1, 2]]}}'),
    (mean_face, "mean_face", '{"points": [[1, 2, 3]], "used": [0]}'),
    (load_check, "check", json.dumps({"shape": {**HALF_A_CHECK, "centre": [1]}})),
    (load_check, "check", json.dumps({"shape": HALF_A_CHECK, "weights": [1]})),
]


@pytest.mark.parametrize(("read", "part", "wrong"), CASES)
def test_damaged_constants_are_named(tmp_path, read, part, wrong):
    with pytest.raises(FileNotFoundError, match=r"none\.json: found no such file, expected the "):
        read(tmp_path / "none.json")
    for text in (*DAMAGED, wrong):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(ValueError, match=rf"bad\.json: found .*, expected what tools/fit_constants\.py {part} "):
            read(tmp_path / "bad.json")
