"""infer/files/points.py: what is written can be read back, and is there whole or not at all."""

import json

import numpy as np
import pytest

from infer.faces.face import TrackedFace, face_of
from infer.faces.pose import mean_face, openness
from infer.faces.schemes import HELD
from infer.files.pictures import write_picture
from infer.files.points import face_entry, json_line, picture_entry, pts_text, write_csv, write_json
from tools.read import formats as readers


def test_json_comes_back(tmp_path):
    points = np.array([[1.23456, 2], [30, 40.987], [-5.5, 7]], np.float32)
    entries = [picture_entry("Gesicht ä.jpg", (120, 160, 3), [face_of(points)]), picture_entry("b.png", (5, 6), [])]
    write_json(tmp_path / "p.json", entries)
    face = {"box": [-5.5, 2.0, 30.0, 40.99], "points": [[1.23, 2.0], [30.0, 40.99], [-5.5, 7.0]]}
    face |= {"errors": None, "sure": None}
    first, second = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))["images"]
    assert first == {"file": "Gesicht ä.jpg", "width": 160, "height": 120, "faces": [face]}
    assert second == {"file": "b.png", "width": 6, "height": 5, "faces": []}


def test_json_holds_no_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "p.json", [{"box": [float("nan")]}])
    assert not list(tmp_path.iterdir())


def test_what_is_known_of_a_face_besides():
    points = mean_face().points[:, :2] * (90, -90) + 200
    entry = face_entry(face_of(points, 0.87654321), HELD["ibug68"])
    assert list(entry) == ["box", "points", "errors", "sure", "score", "pose", "open"] and entry["score"] == 0.8765
    assert list(entry["pose"]) == ["yaw", "pitch", "roll"] and max(map(abs, entry["pose"].values())) < 1.5
    assert entry["open"]["mouth"] == round(openness(points).mouth, 3)
    tracked = TrackedFace(face_of(points).box, points, 0.5, 7)
    assert face_entry(tracked)["id"] == 7 and "pose" not in face_entry(tracked)
    flat = face_entry(face_of(np.ones((68, 2)) * [[1, 2]]), HELD["ibug68"])
    assert flat["pose"] is None and flat["open"] == {"left_eye": None, "right_eye": None, "mouth": None}
    json_line(flat)


def test_csv_is_quoted_and_a_row_a_face(tmp_path):
    points = np.array([[1.5, 2], [3, 4]], np.float32)
    entries = [picture_entry('a, "b".jpg', (9, 9), [face_of(points), face_of(points + 10)])]
    write_csv(tmp_path / "p.csv", iter(entries), 2)
    assert (tmp_path / "p.csv").read_text() == (
        'file,x0,y0,x1,y1\n"a, ""b"".jpg",1.5,2.0,3.0,4.0\n"a, ""b"".jpg",11.5,12.0,13.0,14.0\n'
    )


def test_errors_are_written_in_pixels(tmp_path):
    points, errors = np.array([[10, 20], [40, 25], [30, 50]], np.float32), np.array([0.126, 3, 12.3456], np.float32)
    face = face_of(points, 0.5, errors)
    entry = picture_entry("a.png", (80, 90), [face, face_of(points + 1)])
    known, unknown = entry["faces"]
    assert known["errors"] == [0.13, 3.0, 12.35] and known["sure"] == round(face.sure, 4) and 0 < known["sure"] < 1
    assert unknown["errors"] is None and unknown["sure"] is None
    earlier = {key: value for key, value in unknown.items() if key not in ("errors", "sure")}
    write_csv(tmp_path / "p.csv", [entry, {"file": "b.png", "faces": [earlier]}], 3, errors=True)
    assert (tmp_path / "p.csv").read_text().splitlines() == [
        "file,x0,y0,x1,y1,x2,y2,error0,error1,error2",
        "a.png,10.0,20.0,40.0,25.0,30.0,50.0,0.13,3.0,12.35",
        "a.png,11.0,21.0,41.0,26.0,31.0,51.0,,,",
        "b.png,11.0,21.0,41.0,26.0,31.0,51.0,,,",
    ]
    write_csv(tmp_path / "p.csv", [entry], 3)
    assert (tmp_path / "p.csv").read_text().startswith("file,x0,y0,x1,y1,x2,y2\na.png,10.0,20.0,40.0,25.0,30.0,50.0\n")


@pytest.mark.parametrize("errors", [False, True])
def test_csv_and_pts_are_read_as_data_sets(tmp_path, errors):
    points = np.random.default_rng(0).uniform(20, 80, (68, 2)).round(2).astype(np.float32)
    write_picture(tmp_path / "a.png", np.zeros((100, 100, 3), np.uint8))
    face = face_of(points, errors=np.full(68, 90, np.float32))
    write_csv(tmp_path / "p.csv", [picture_entry("a.png", (100, 100), [face])], 68, errors)
    (tmp_path / "a.pts").write_text(pts_text(points))
    for path in (tmp_path / "p.csv", tmp_path):
        (item,) = readers.find(path, "set", "csv" if path.suffix else "pts")
        np.testing.assert_allclose(readers.read(item, "pts_2d").points, points, atol=0.006)
