"""tools/measure/records.py: its sets and its arithmetic."""

import pytest

from tests.helpers.drawn import draw_set
from tools.measure import records
from tools.measure.records import linked, main
from tools.read import w300lp


@pytest.mark.parametrize("how, expected", [({"every": 2}, "02"), ({"times": 3}, "000111222333")])
def test_a_set_of_links_holds_every_face_so_often(tmp_path, how, expected):
    for folder, end in (("AFW", "jpg"), ("landmarks/AFW", "mat")):
        (tmp_path / "faces" / folder).mkdir(parents=True)
        for number in range(4):
            name = f"DRAWN_{number}_1{'_pts' if end == 'mat' else ''}.{end}"
            (tmp_path / "faces" / folder / name).write_text(str(number))
    items = w300lp.find(linked(tmp_path / "faces", tmp_path / "linked", **how), "linked")
    assert "".join(sorted(item.picture.read_text() for item in items)) == expected
    assert all(item.annotation.read_text() == item.picture.read_text() for item in items)


def test_everything_is_measured_and_the_folder_is_gone(tmp_path, monkeypatch, capsys):
    drawn, calls = draw_set(tmp_path / "faces", sources=6, views=1), []

    def call(script, *arguments):
        calls.append(arguments)
        if "--out" in arguments:
            arguments[-1].mkdir()
            (arguments[-1] / "train-0.tfrecords").write_bytes(bytes(1000))

    monkeypatch.setattr(records, "output_of", call)
    monkeypatch.setattr(records, "BARE", 4)
    assert main([str(drawn)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("| on ") and "`--audit` of 0.00 GB takes" in out
    assert [arguments[0] for arguments in calls[2:]] == ["--audit"] and not calls[0][-1].exists()
