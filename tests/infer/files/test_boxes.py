"""infer/files/boxes.py: boxes by picture, and which line is wrong."""

import numpy as np
import pytest

from infer.files.boxes import BoxTable, read_boxes


@pytest.mark.parametrize("start", ["file,x0,y0,x1,y1\n", "File, X0, Y0, X1, Y1\r\n", "\ufefffile,x0,y0,x1,y1\n", ""])
def test_boxes_by_file(tmp_path, start):
    text = start + 'a.jpg,1,2,3,4.5\n"with, comma.jpg",0,0,9,9\n\na.jpg,-5,6,7,8\n'
    (tmp_path / "b.csv").write_text(text, encoding="utf-8")
    boxes = read_boxes(tmp_path / "b.csv").boxes
    assert sorted(boxes) == ["a.jpg", "with, comma.jpg"]
    np.testing.assert_array_equal(boxes["a.jpg"], [[1, 2, 3, 4.5], [-5, 6, 7, 8]])
    np.testing.assert_array_equal(boxes["with, comma.jpg"], [[0, 0, 9, 9]])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"file,x0,y0,x1,y1\na.jpg,1,2,3\n", " line 2: found 4 columns"),
        (b"a.jpg,1,2,three,4\n", " line 1: found 1,2,three,4, expected four numbers"),
        (b"b.jpg,5,2,3,4\n", " line 1: found 5,2,3,4, expected x0 < x1"),
        (b"b.jpg,5,2,5.5,4\n", " line 1: found 5,2,5.5,4, expected x0 < x1 and y0 < y1, at least a pixel"),
        (b"a.jpg,1,2,nan,4\n", " line 1: found 1,2,nan,4, expected pixels from -1000000 to 1000000"),
        (b"a.jpg,-3e6,-3e6,3e6,3e6\n", " line 1: found -3e6,-3e6,3e6,3e6, expected pixels"),
        (b"\xff\xd8\xff\xe0\x00\x10", ": found no CSV text"),
    ],
)
def test_wrong_rows_are_named(tmp_path, text, wanted):
    (tmp_path / "b.csv").write_bytes(text)
    with pytest.raises(ValueError, match=rf"b\.csv{wanted}"):
        read_boxes(tmp_path / "b.csv")


def test_no_file_and_no_row(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.csv: found no such file"):
        read_boxes(tmp_path / "no.csv")
    (tmp_path / "b.csv").touch()
    assert read_boxes(tmp_path / "b.csv") == BoxTable()


def test_a_wrong_row_is_left_out_and_the_rest_stays(tmp_path):
    (tmp_path / "b.csv").write_text("a.jpg,1,2,3,4\na.jpg,1,2,inf,4\nb.jpg,x,2,3,4\n\na.jpg,-1e6,0,1e6,1\nc.jpg\n")
    table = read_boxes(tmp_path / "b.csv")
    assert list(table.boxes) == ["a.jpg"] and table.boxes["a.jpg"].tolist() == [[1, 2, 3, 4], [-1e6, 0, 1e6, 1]]
    assert [line.split(": ")[0][-6:] for line in table.refused] == ["line 2", "line 3", "line 6"]
