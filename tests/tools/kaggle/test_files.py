"""Kaggle's files written and read, rows held out, and a submission scored."""

import shutil

import numpy as np
import pytest

from infer.kaggle.files import read_faces, read_lookup
from infer.kaggle.names import LOOKUP
from records.landmarks import KAGGLE_NAMES
from records.split import split_of
from tests.helpers.drawn_kaggle import COMMON, rows, write_set
from tools.kaggle import hold_out, score
from tools.kaggle.files import read_locations
from tools.read import kaggle


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("kaggle"))


def test_the_files_read_back_and_the_test_set_asks_for_what_is_known(folder):
    for item, row in zip(kaggle.find(folder, "set"), rows(24), strict=True):
        face = kaggle.read(item)
        np.testing.assert_allclose(face.points, row.points, atol=1e-5)
        np.testing.assert_array_equal(face.image[..., 0], row.image)
    expected = rows(5, seed=9, full=3)
    faces = dict(read_faces(folder / "test.csv"))
    np.testing.assert_array_equal([faces[str(number)] for number in range(1, 6)], [row.image for row in expected])
    asked, true = read_lookup(folder / LOOKUP), read_locations(folder / "solution.csv")
    assert len(asked) == len(true) == 2 * (2 * 15 + 3 * len(COMMON))
    for row in asked:
        name, axis = row.feature.rsplit("_", 1)
        value = expected[int(row.image) - 1].points[KAGGLE_NAMES.index(name), "xy".index(axis)]
        assert true[row.row] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RowId,Place\n1,2\n", "found columns rowid,place"),
        ("RowId,Location\n1,2\n\n1,3\n", "line 4: found '1,3'"),
        ("RowId,Location\n\n1,nan\n", "line 3: found '1,nan'"),
        ("RowId,Location\n1\n", "line 2: found '1'"),
        ('RowId,Location\n1,2\n2,"3\n' + "4,5\n" * 40_000, "s.csv line 3: found no row of a CSV .field larger than"),
    ],
)
def test_files_that_are_no_submission(tmp_path, text, message):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_locations(tmp_path / "s.csv")


def test_rows_are_held_out_as_the_records_hold_them_out(folder, tmp_path, capsys):
    argv = [str(folder / "training.csv"), "--out", str(tmp_path / "held"), "--test-fraction", "0.4"]
    assert hold_out.main(argv) == 0
    chosen = [item.data for item in kaggle.find(folder, "set") if split_of(item.source, 0.4) == "test"]
    assert 1 < len(chosen) < 24 and f"{len(chosen)} faces" in capsys.readouterr().out
    found = [image for _, image in read_faces(tmp_path / "held" / "test.csv")]
    np.testing.assert_array_equal(found, [row.image for row in chosen])
    true = read_locations(tmp_path / "held" / "solution.csv")
    np.testing.assert_allclose(sum(true.values()), sum(np.nansum(row.points) for row in chosen), rtol=1e-6)


def test_files_that_are_there_are_replaced_only_when_asked(folder, tmp_path, capsys):
    """--out at Kaggle's own folder would take its test set away."""
    for name in ("training.csv", "test.csv", LOOKUP):
        shutil.copy(folder / name, tmp_path)
    argv = [str(tmp_path / "training.csv"), "--out", str(tmp_path), "--test-fraction", "0.4"]
    before = (tmp_path / "test.csv").read_bytes()
    with pytest.raises(SystemExit, match="2"):
        hold_out.main([*argv[:-1], "1"])
    assert hold_out.main([*argv[:-1], "1e-9", "--overwrite"]) == 2
    assert "found 24 rows, none of them on the test side" in capsys.readouterr().err
    assert hold_out.main(argv) == 2
    assert f"{tmp_path}: found test.csv, {LOOKUP}" in capsys.readouterr().err
    assert (tmp_path / "test.csv").read_bytes() == before and not (tmp_path / "solution.csv").exists()
    assert hold_out.main([*argv, "--overwrite"]) == 0
    assert (tmp_path / "test.csv").read_bytes() != before and (tmp_path / "solution.csv").is_file()


def submission(folder, path, off):
    """A submission that is off by so much in row r: off(r)."""
    true = read_locations(folder / "solution.csv")
    lines = ["RowId,Location", *(f"{row},{value + off(int(row))}" for row, value in true.items())]
    path.write_text("\n".join(lines) + "\n")
    return true


def test_a_score_is_rmse_and_mae_in_groups(folder, tmp_path, capsys):
    asked = read_lookup(folder / LOOKUP)
    noses = {int(row.row) for row in asked if row.feature.startswith("nose_tip")}
    true = submission(folder, tmp_path / "s.csv", lambda row: 3.0 if row in noses else -1.0)
    argv = [str(tmp_path / "s.csv"), str(folder / "solution.csv"), "--out", str(tmp_path / "score.md")]
    assert score.main(argv) == 0
    printed = capsys.readouterr().out.splitlines()
    assert (tmp_path / "score.md").read_text().splitlines() == printed
    count, far = len(true), len(noses)
    rmse, mae = np.sqrt((9 * far + count - far) / count), (3 * far + count - far) / count
    assert f"| all | {count} | {rmse:.3f} | {mae:.3f} |" in printed
    assert f"| faces with all 15 points | 60 | {np.sqrt((9 * 4 + 56) / 60):.3f} | {(3 * 4 + 56) / 60:.3f} |" in printed
    assert f"| other faces | 24 | {np.sqrt((9 * 6 + 18) / 24):.3f} | {(3 * 6 + 18) / 24:.3f} |" in printed
    assert "| nose_tip | 10 | 3.000 | 3.000 |" in printed and "| left_eye_center | 10 | 1.000 | 1.000 |" in printed


def test_a_submission_of_other_rows_is_refused(folder, tmp_path, capsys):
    assert score.main([str(tmp_path / "s.csv"), str(folder / "solution.csv")]) == 2
    assert "s.csv: found no such file" in capsys.readouterr().err
    submission(folder, tmp_path / "s.csv", lambda row: 0.0)
    lines = (tmp_path / "s.csv").read_text().splitlines()
    for chosen, message in ((lines[:-1], "found 83 rows without RowId 84"), ([*lines, "999,1"], "without RowId 999")):
        (tmp_path / "s.csv").write_text("\n".join(chosen) + "\n")
        assert score.main([str(tmp_path / "s.csv"), str(folder / "solution.csv")]) == 2
        assert message in capsys.readouterr().err
