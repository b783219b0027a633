"""infer/faces/constants.py and all that read constants by it: a file that is missing or damaged is named."""

import pytest

from infer.faces.pose import mean_face
from infer.faces.whole_face import whole_face

DAMAGED = ["{", "[]", "{}"]
CASES = [
    (mean_face, "mean_face", '{"points": [[1, 2, 3]], "used": [0]}'),
    (whole_face, "whole_face", '{"lower": 0.1, "width": [1], "height": 0.7}'),
]


@pytest.mark.parametrize(("read", "part", "wrong"), CASES)
def test_damaged_constants_are_named(tmp_path, read, part, wrong):
    with pytest.raises(FileNotFoundError, match=r"none\.json: found no such file, expected "):
        read(tmp_path / "none.json")
    for text in (*DAMAGED, wrong):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(ValueError, match=rf"bad\.json: found .*, expected what tools/fit_constants\.py {part} "):
            read(tmp_path / "bad.json")
