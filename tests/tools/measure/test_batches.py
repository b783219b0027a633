"""tools/measure/batches.py: rates against bare decoding; nothing is run."""

import sys

import numpy as np
import pytest

from infer.files.boxes import read_boxes
from tests.helpers.drawn import HEIGHT, WIDTH, draw_set
from tools.measure import batches


def test_batches_are_held_against_bare_decoding_and_one_pass(tmp_path, monkeypatch, capsys):
    commands, drawn = [], draw_set(tmp_path / "tiny", sources=10, views=1)
    monkeypatch.setattr(batches, "output_of", lambda *command: commands.append(command))
    assert batches.main([str(drawn / "AFW"), "--rounds", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| 5 pictures, ") and len(lines) == 3 + len(batches.WAYS)
    assert [command[5:] for command in commands[: len(batches.WAYS)]] == [
        command[5:] for command in commands[len(batches.WAYS) :]
    ]  # in turns, but for the folder of the output
    boxes = batches.write_boxes([(next((drawn / "AFW").glob("*.jpg")), "a.jpg")], tmp_path / "b.csv")
    np.testing.assert_array_equal(
        read_boxes(boxes).boxes["a.jpg"], [[WIDTH / 4, HEIGHT / 4, WIDTH * 3 / 4, HEIGHT * 3 / 4]]
    )


def test_the_table_is_of_medians_in_turns(monkeypatch):
    clock, turns = [0.0], []
    costs = {batches.BARE: [1, 9, 2], batches.ONCE: [5, 4, 3], "peer": [30, 8, 10]}

    def way(name):
        turns.append(name)
        clock[0] += costs[name][turns.count(name) - 1]

    monkeypatch.setattr(batches.time, "perf_counter", lambda: clock[0])
    seconds = batches.median_seconds({name: lambda name=name: way(name) for name in costs}, 3)
    assert turns == list(costs) * 3 and seconds == {batches.BARE: 2, batches.ONCE: 4, "peer": 10}
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in batches.table(seconds, 80).splitlines()[2:]]
    assert rows == [
        [batches.BARE, "40", "1", "0.50"],
        [batches.ONCE, "20", "0.5", "1.00"],
        ["peer", "8", "0.2", "2.50"],
    ]


def test_a_peer_gets_the_folder_and_its_last_line_is_said(tmp_path, capsys):
    script = tmp_path / "a peer.py"
    script.write_text("import os, sys; print('begun'); print(len(os.listdir(sys.argv[-1])), sys.argv[1])")
    (tmp_path / "pictures").mkdir()
    command = f"{sys.executable} '{script}' fast"
    batches.run_peer(command, tmp_path / "pictures")
    assert capsys.readouterr().err == f"{command}: 0 fast\n"
    for bad, reason in (("sh -c 'echo broken >&2; exit 3'", "3 .*broken"), (str(tmp_path / "none"), "cannot run")):
        with pytest.raises(ValueError, match=reason):
            batches.run_peer(bad, tmp_path)
