"""tools/guess_partners.py: a scheme and its picture, from a set of records without one."""

import numpy as np
import pytest

from records.landmarks import SCHEMES, own_scheme
from tests.helpers.any_points import draw_listed, seven_points
from tests.helpers.drawn import points_98
from tools import guess_partners, make_records


def recorded(folder, points_of, count):
    data = draw_listed(folder / "drawn", points_of, count)
    options = ["--out", str(folder / "records"), "--workers", "1", "--no-report", "--previews", "0"]
    assert make_records.main([str(data / "faces.csv"), *options]) == 0
    return folder / "records"


def test_the_partners_of_98_points_come_as_a_scheme(tmp_path, capsys):
    records, out = recorded(tmp_path, points_98, 40), tmp_path / "mine.json"
    assert guess_partners.main([str(records), "--out", str(out)]) == 0
    mine = own_scheme(str(out))
    assert (mine.name, mine.count) == ("mine", 98)
    wrong = np.flatnonzero(np.array(mine.flip) != SCHEMES["wflw98"].flip)
    assert len(wrong) == 0, wrong
    assert "pairs: 0 32, 1 31" in capsys.readouterr().out and (tmp_path / "mine.png").stat().st_size > 5000


def test_a_face_that_is_not_symmetric_has_none(tmp_path, capsys):
    records, out = recorded(tmp_path, seven_points, 6), tmp_path / "mine.json"
    assert guess_partners.main([str(records), "--out", str(out)]) == 1
    assert own_scheme(str(out)).flip == () and "without a partner: " in capsys.readouterr().out


def test_what_it_cannot_read(tmp_path, capsys):
    assert guess_partners.main([str(tmp_path), "--out", str(tmp_path / "a.json")]) == 2
    assert "found no manifest.json" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        guess_partners.main([str(tmp_path), "--out", str(tmp_path / "a.txt")])
