"""tools/measure/batches.py: rates against bare decoding; nothing is run."""

import numpy as np
import pytest

from infer.files.boxes import read_boxes
from tests.helpers.drawn import HEIGHT, WIDTH, draw_set
from tools.measure import batches


def test_batches_are_held_against_bare_decoding(tmp_path, monkeypatch, capsys):
    commands, drawn = [], draw_set(tmp_path / "tiny", sources=10, views=1)
    monkeypatch.setattr(batches, "output_of", lambda *command: commands.append(command))
    assert batches.main([str(drawn / "AFW")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| 5 pictures, ") and len(lines) == 3 + len(batches.WAYS) == 3 + len(commands)
    bare = float(lines[2].split("|")[2])
    for line in lines[3:]:
        rate, ratio = map(float, line.split("|")[2:4])
        assert ratio == pytest.approx(rate / bare, rel=0.02)
    boxes = batches.write_boxes([(next((drawn / "AFW").glob("*.jpg")), "a.jpg")], tmp_path / "b.csv")
    np.testing.assert_array_equal(
        read_boxes(boxes).boxes["a.jpg"], [[WIDTH / 4, HEIGHT / 4, WIDTH * 3 / 4, HEIGHT * 3 / 4]]
    )
