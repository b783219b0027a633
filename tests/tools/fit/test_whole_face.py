"""tools/fit/whole_face.py: where boxes by hand lie in those of YuNet's twin, which finds dark cells."""

import json

import cv2
import numpy as np
import pytest

from infer.detect.yunet import YuNetDetector
from infer.faces.whole_face import WholeFace, whole_face
from tests.infer.detect.test_yunet import picture, write_yunet
from tools import fit_constants
from tools.fit import whole_face as fitting
from tools.fit.whole_face import BoxPair, fit

TRUTH = WholeFace(lower=0.11, width=0.9, height=0.7)


def labels(folder, yunet, count=30):
    """Pictures with a dark cell each, its box by hand; one more by YuNet, which is no truth."""
    folder.mkdir()
    detector, lines = YuNetDetector(yunet), []
    for number in range(count):
        row, column = 3 + number % 3, 4 + number % 5
        image = picture((row, column))
        cv2.imwrite(str(folder / f"p{number}.png"), image)
        x, y, width, height = detector.run(image, 0.6)[0, :4]
        whole = np.array([x, y, x + width, y + height])
        (box,), (other,) = TRUTH.landmark_boxes(whole[None]), TRUTH.landmark_boxes(whole[None] + 5)
        by_yunet = {"box": other.tolist(), "by": "yunet"}
        lines.append({"file": f"p{number}.png", "faces": [by_yunet, {"box": box.tolist(), "by": "points"}]})
    (folder / "mine.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder / "mine.jsonl"


def test_the_command_writes_what_readers_go_by(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fitting, "FEWEST", 5)
    yunet, out = write_yunet(tmp_path / "face.onnx"), tmp_path / "whole.json"
    argv = ["whole_face", str(labels(tmp_path / "set", yunet)), "--yunet", str(yunet), "--out", str(out)]
    assert fit_constants.main([*argv, "--count", "20"]) == 0
    written = json.loads(out.read_text())
    assert whole_face(out) == TRUTH and written["fitted_on"] == {"mine": 20}
    assert written["fit"]["mapped_shares_10_50"] == pytest.approx([1, 1], abs=0.01)
    assert written["fit"]["whole_shares_10_50"] == pytest.approx([0.63, 0.63], abs=0.01)  # 0.9 * 0.7
    assert str(tmp_path) not in out.read_text() and "all" in capsys.readouterr().out
    monkeypatch.setattr(fitting, "FEWEST", 50)
    assert fit_constants.main(argv) == 2 and "expected at least 50" in capsys.readouterr().err


def test_medians_do_not_follow_one_odd_face():
    whole = np.array([10.0, 20.0, 70.0, 100.0])
    landmark = np.array([13.0, 50.0, 67.0, 98.0])  # centre 14 of 80 lower, 54 of 60 wide, 48 of 80 high
    pairs = [BoxPair("a", whole, landmark), BoxPair("a", whole * 3 + 7, landmark * 3 + 7)]
    odd = BoxPair("b", whole, np.array([10.0, 0.0, 15.0, 9.0]))
    assert fit([*pairs, odd]) == WholeFace(0.175, 0.9, 0.6)
