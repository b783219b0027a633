import zipfile

import pytest

from infer.files import tables
from infer.files.tables import DAMAGE, header_of, lines_of, open_table


def text_in(file, member="wanted.csv"):
    with open_table(file, member) as stream:
        return header_of(stream), list(lines_of(stream, file))


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.csv", text)
    return path


def test_a_csv_and_a_zip_of_it_read_alike(tmp_path):
    text = "\ufeff A , b\r\n1,2\n3,4"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    expected = (["a", "b"], ["1,2\n", "3,4"])
    assert text_in(tmp_path / "t.csv") == expected
    assert text_in(zipped(tmp_path / "t.zip", wanted=text, other="x")) == expected
    assert text_in(zipped(tmp_path / "only.zip", other=text)) == expected


def test_a_zip_without_the_one_csv(tmp_path):
    with pytest.raises(ValueError, match="found 2 CSV files in it, expected one, wanted.csv"):
        text_in(zipped(tmp_path / "two.zip", one="a", two="b"))
    with pytest.raises(ValueError, match="found 0 CSV files"):
        text_in(zipped(tmp_path / "none.zip"))


def test_what_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "BYTES", 100)
    with pytest.raises(ValueError, match="unpacks to 101 bytes, expected at most 100"):
        text_in(zipped(tmp_path / "bomb.zip", wanted="0" * 101))


def test_a_damaged_zip_raises_what_is_called_damage(tmp_path):
    path = zipped(tmp_path / "cut.zip", wanted="a,b\n" * 500)
    data = bytearray(path.read_bytes())
    data[45:60] = bytes(15)
    path.write_bytes(data)
    with pytest.raises(DAMAGE):
        text_in(path)


def test_a_line_without_end(tmp_path):
    (tmp_path / "t.csv").write_text("a\n" + "1" * (tables.LINE_LIMIT + 1))
    with pytest.raises(ValueError, match="found a line of 131072 characters or more"):
        text_in(tmp_path / "t.csv")
