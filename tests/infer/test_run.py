"""infer/run.py: the command as people use it, in this process and as a folder on its own."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from infer import command, run
from infer.detect.own import OwnDetector
from infer.faces.pose import head_pose
from infer.files.pictures import read_picture
from infer.geometry.boxes import box_of
from infer.geometry.crop import Crop
from infer.landmarker import Landmarker
from infer.model import shipped
from tests.helpers.film import write_clip
from tests.helpers.pictures import exif
from tests.helpers.tiny_detector import write_detector
from tests.helpers.tiny_model import (
    CALIBRATED,
    FLIP,
    MARGIN,
    SIZE,
    by_hand,
    expected_fractions,
    expected_spreads,
    write_model,
)

INFER = Path(__file__).resolve().parents[2] / "infer"
RGB = (180, 60, 20)
BOX = (60, 60, 110, 102)
# the machine that has only Python, NumPy and OpenCV: everything else of ours and of TensorFlow's raises on import
LONELY = """
import sys, runpy
class Refuse:
    def find_spec(self, name, path=None, target=None):
        refused = {"tensorflow", "keras", "scipy", "matplotlib", "psutil", "records", "net", "tools", "export"}
        if name.split(".")[0] in refused:
            raise ImportError("not on this machine: " + name)
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
sys.path[0] = ""
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(autouse=True)
def pictures(tmp_path):
    """A folder of two pictures of one colour, 160x200 and 90x140, and a CSV with two boxes for the first."""
    folder = tmp_path / "my pictures"
    folder.mkdir()
    for name, shape in [("a ä.png", (160, 200, 3)), ("b.bmp", (90, 140, 3))]:
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, np.full(shape, RGB[::-1], np.uint8))[1].tobytes())
    with (tmp_path / "boxes.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file", "x0", "y0", "x1", "y1"], ["a ä.png", *BOX], ["a ä.png", 70, 30, 130, 80]])
    return folder


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    """The path of a tiny model that tells how far off each point may be."""
    return write_model(tmp_path_factory.mktemp("telling"), spread=CALIBRATED)


def drawn_face() -> np.ndarray:
    """The face of a committed picture, cut to its landmark box."""
    image = read_picture(INFER.parent / "images" / "drawn_1.jpg")
    x0, y0, x1, y1 = Landmarker().detect(image)[0].box.round().astype(int)
    return image[y0 : y1 + 1, x0 : x1 + 1]


def read(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["images"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def check_first(entry: dict, passes: int = 2) -> None:
    wanted = by_hand(BOX, expected_fractions(RGB), passes)
    assert (entry["file"], entry["width"], entry["height"], len(entry["faces"])) == ("a ä.png", 200, 160, 2)
    np.testing.assert_allclose(entry["faces"][0]["points"], wanted, atol=0.02)
    np.testing.assert_allclose(entry["faces"][0]["box"], box_of(wanted), atol=0.02)


def test_boxes_to_pictures_sheet_and_json(call, pictures, tmp_path):
    code, out, err = call("my pictures", "--boxes", "boxes.csv")
    assert (code, err) == (0, "")
    told, first, second, last = out.splitlines()
    assert told.startswith("model: ") and told.endswith("(given by --model)")
    assert first.startswith("a ä.png: 2 faces, ") and second.startswith("b.bmp: no face found, ")
    assert last == f"2 of 2 pictures, 2 faces -> output{os.sep}"
    entry, empty = read(tmp_path / "output" / "points.json")
    check_first(entry)
    assert empty == {"file": "b.bmp", "width": 140, "height": 90, "faces": []}
    assert names_in(tmp_path / "output") == ["a ä.png", "b.bmp", "contact_sheet.jpg", "points.json"]
    drawn = cv2.imdecode(np.fromfile(tmp_path / "output" / "a ä.png", np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == (160, 200, 3) and (drawn != RGB[::-1]).any()
    kept = cv2.imdecode(np.fromfile(pictures / "a ä.png", np.uint8), cv2.IMREAD_COLOR)
    assert (kept == RGB[::-1]).all()


def test_where_the_json_goes(call, tmp_path):
    boxes = ("--boxes", "boxes.csv")
    code, out, _ = call("my pictures/a ä.png", *boxes, "--passes", 1, "--no-draw", "--json", "deep/p.json")
    assert code == 0 and out.splitlines()[-1] == f"1 of 1 pictures, 2 faces -> {Path('deep/p.json')}"
    check_first(*read(tmp_path / "deep" / "p.json"), passes=1)
    assert not (tmp_path / "output").exists()
    assert call("my pictures", *boxes, "--json", "p.json", "--out", "o/deep")[0] == 0
    assert read(tmp_path / "p.json") == read(tmp_path / "o" / "deep" / "points.json")


def test_absurd_boxes_are_one_line_each_and_the_largest_ones_are_drawn(call, tmp_path):
    rows = ["a ä.png,-3e6,-3e6,3e6,3e6", "b.bmp,-1e6,-1e6,1e6,1e6", f"a ä.png,{','.join(map(str, BOX))}"]
    (tmp_path / "boxes.csv").write_text("\n".join(rows), encoding="utf-8")
    code, out, err = call("my pictures", "--boxes", "boxes.csv", "--numbers")
    assert code == 1 and err.startswith("boxes.csv line 1: found -3e6,") and err.count("\n") == 1
    assert "2 of 2 pictures, 2 faces" in out
    first, second = read(tmp_path / "output" / "points.json")
    np.testing.assert_allclose(first["faces"][0]["points"], by_hand(BOX, expected_fractions(RGB), 2), atol=0.02)
    assert np.abs(second["faces"][0]["box"]).max() > 1e5


def test_boxes_by_names_of_every_spelling(call, tmp_path):
    names = ["b.bmp", "my pictures\\b.bmp", "./my pictures/b.bmp", f"{tmp_path}/my pictures/b.bmp", "other.jpg"]
    (tmp_path / "boxes.csv").write_text("".join(f"{name},{10 * i},10,90,40\n" for i, name in enumerate(names)))
    code, out, err = call("my pictures", "--boxes", "boxes.csv")
    assert code == 0 and "b.bmp: 4 faces, " in out
    assert err.startswith("boxes.csv: 1 name is ") and err.endswith(": other.jpg\n")


def test_bad_files_are_named_and_the_rest_goes_on(call, pictures, tmp_path):
    (pictures / "0.jpg").write_bytes(b"")
    (pictures / "z.png").write_bytes((pictures / "a ä.png").read_bytes()[:-20])
    code, out, err = call("my pictures", "gone.jpg", "--boxes", "boxes.csv")
    told = [(str(Path("my pictures/0.jpg")), "empty file"), (str(Path("my pictures/z.png")), "truncated PNG")]
    for line, (name, reason) in zip(err.splitlines(), [*told, ("gone.jpg", "no such file")], strict=False):
        assert line.startswith(f"{name}: found ") and reason in line
    assert code == 1 and err.splitlines()[3:] == ["not done: 0.jpg, z.png, gone.jpg"]
    assert out.splitlines()[-1] == f"2 of 5 pictures, 2 faces -> output{os.sep}"
    check_first(read(tmp_path / "output" / "points.json")[0])


@pytest.mark.parametrize("place", ["landmarker.Landmarker.detect", "jobs.batch.draw_faces"])
@pytest.mark.parametrize(
    ("thrown", "reason"), [(cv2.error("OpenCV(4)\n  went wrong"), "went wrong"), (MemoryError(), "found no memory")]
)
def test_what_opencv_throws_is_one_line(call, monkeypatch, place, thrown, reason):
    def fail(*_, **__):
        raise thrown

    monkeypatch.setattr(f"infer.{place}", fail)
    code, _, err = call("my pictures/b.bmp")
    first, last = err.splitlines()
    assert code == 1 and "b.bmp" in first and reason in first and last == "not done: b.bmp"


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["empty"], "empty: found no pictures"),
        (["gone.jpg"], "gone.jpg: found no such file"),
        (["my pictures", "--boxes", "none.csv"], "none.csv: found no such file"),
        (["my pictures", "--boxes", "strange.csv"], "strange.csv: found boxes for x.jpg and no given picture"),
        (["my pictures", "--boxes", "bad.csv"], "bad.csv line 1: found 2 columns"),
        (["my pictures", "--out", "my pictures"], "--out my pictures: found a folder of the given pictures"),
        (["my pictures", "--json", "my pictures/b.bmp"], f"--json {Path('my pictures/b.bmp')}: found an input"),
        (["my pictures", "--whole", "--boxes", "boxes.csv"], "--whole: found --boxes"),
        (["my pictures", "--whole", "--crops"], "--crops: found points of the scheme 'tiny5'"),
        (["my pictures", "--merge", "none.pb"], "none.pb: no such model"),
    ],
)
def test_errors_are_one_line_and_inputs_stay(call, pictures, tmp_path, args, wanted):
    (tmp_path / "empty").mkdir()
    (tmp_path / "strange.csv").write_text("x.jpg,1,2,3,4\n")
    (tmp_path / "bad.csv").write_text("x.jpg,1\n")
    before = {path: path.read_bytes() for path in pictures.iterdir()}
    code, _, err = call(*args)
    assert code == 2 and err.startswith(wanted) and err.count("\n") == 1
    assert {path: path.read_bytes() for path in pictures.iterdir()} == before
    assert not (tmp_path / "output" / "points.json").exists()


@pytest.mark.parametrize(("option", "value"), [("--passes", "0"), ("--threads", "two")])
def test_wrong_arguments(option, value, capsys):
    with pytest.raises(SystemExit) as stop:
        run.main(["x.jpg", option, value])
    assert stop.value.code == 2 and option in capsys.readouterr().err


@pytest.mark.parametrize("args", [[], ["serve"]])
def test_the_version_is_the_one_of_the_package(args, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main([*args, "--version"])
    declared = re.search(r"^version = (.+)$", (INFER.parent / "setup.cfg").read_text(), re.MULTILINE)[1]
    assert stop.value.code == 0 and capsys.readouterr().out == f"landmark68 {declared} (OpenCV {cv2.__version__})\n"


def test_show_without_a_display_stops_before_any_work(call, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    code, out, err = call("my pictures", "--show")
    assert (code, out) == (2, "") and err.startswith("--show: found no display")

    def headless(*_):
        raise cv2.error("The function is not implemented")

    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.setattr(cv2, "namedWindow", headless)
    code, out, err = call("my pictures", "--show")
    assert (code, out) == (2, "") and err.startswith("--show: found an OpenCV without windows")
    assert not (tmp_path / "output").exists()


def test_show_shows_until_escape(call, shown, monkeypatch):
    assert call("my pictures", "--show", "--boxes", "boxes.csv")[0] == 0 and shown == [(160, 200, 3), (90, 140, 3)]
    monkeypatch.setattr(cv2, "waitKey", lambda _: 27)
    assert call("my pictures", "--show", "--no-draw")[0] == 0 and len(shown) == 3


def test_the_folder_alone_runs(pictures, tiny_model, tmp_path):
    copy = tmp_path / "elsewhere" / "some_other_name"
    shutil.copytree(INFER, copy, ignore=shutil.ignore_patterns("__pycache__", "local", "landmark.*"))
    for file in (tiny_model, tiny_model.with_suffix(".json")):
        shutil.copy(file, copy)
    (tmp_path / "lonely.py").write_text(LONELY)
    (tmp_path / "work").mkdir()
    command = [sys.executable, "-E", tmp_path / "lonely.py", copy / "run.py", pictures / "a ä.png"]
    command += ["--boxes", tmp_path / "boxes.csv"]
    answer = subprocess.run(command, cwd=tmp_path / "work", capture_output=True, text=True, timeout=120, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "(the one that came with this program)" in answer.stdout
    check_first(read(tmp_path / "work" / "output" / "points.json")[0])


def test_whole_pictures_are_faces(call, tmp_path):
    code, out, err = call("my pictures/a ä.png", "--whole", "--passes", 1)
    assert (code, err) == (0, "")
    (entry,) = read(tmp_path / "output" / "points.json")
    box = (-0.5, -0.5, 199.5, 159.5)
    seen = Crop.around(box, MARGIN, SIZE).cut(np.full((160, 200, 3), RGB, np.uint8)).mean(axis=(0, 1))
    wanted = by_hand(box, expected_fractions(seen), 1)
    np.testing.assert_allclose(entry["faces"][0]["points"], wanted, atol=0.02)


@pytest.mark.parametrize("grey", [False, True])
def test_a_whole_picture_that_is_no_face_is_told(call, tmp_path, grey):
    """By the network's own look at it: the drawn face cut to its box is one, a grey wall is none."""
    cv2.imwrite(str(tmp_path / "p.png"), np.full((90, 80, 3), 127, np.uint8) if grey else drawn_face())
    code, out, err = call("p.png", "--whole", model=INFER / "landmark.pb")
    assert (code, err) == (0, "")
    ((face,),) = [entry["faces"] for entry in read(tmp_path / "output" / "points.json")]
    assert (face["score"] < 0.5) == grey
    told = " (1 of them looks like none: score below 0.5)" if grey else ""
    assert out.splitlines()[-1] == f"1 of 1 pictures, 1 face{told} -> output{os.sep}"


def test_kinds_of_a_folder(call, pictures, tmp_path):
    (pictures / "f.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    write_clip(pictures / "g.avi", 3)
    code, out, err = call("my pictures", "--no-draw", "--threads", 1)
    assert (code, err) == (0, "") and out.startswith("left out 1 file of other kinds: 1 .heic\n")
    assert "\n2 of 2 pictures, " in out and f"{Path('my pictures/g.avi')}: 3 frames, " in out
    code, _, err = call("my pictures/f.heic")
    assert code == 1 and "f.heic: found a heic file" in err and ", or a video that OpenCV opens\n" in err


@pytest.mark.skipif(os.name == "nt", reason="found names that are UTF-16, expected bytes")
def test_names_that_are_no_utf8(call, pictures, tmp_path):
    (pictures / "a ä.png").rename(pictures / os.fsdecode(b"J\xfc.png"))
    (tmp_path / "boxes.csv").write_text(f"J\\xfc.png,{','.join(map(str, BOX))}\n")
    options = ("my pictures", "--boxes", "boxes.csv", "--out", os.fsdecode(b"o\xfc"))
    code, out, err = call(*options)
    assert (code, err) == (0, "") and "\nJ\\xfc.png: 1 face, " in out and out.endswith(f" -> o\\xfc{os.sep}\n")
    assert names_in(tmp_path / os.fsdecode(b"o\xfc")) == ["J_xfc.png", "b.bmp", "contact_sheet.jpg", "points.json"]
    assert "2 of 2 pictures were done before" in call(*options, "--resume")[1]


def test_a_picture_over_the_limit_is_read_reduced_and_told_in_full_pixels(call, telling, tmp_path, monkeypatch):
    # of one colour, so that the tiny network's answer is known whatever is cut
    jpeg = cv2.imencode(".jpg", np.full((333, 401, 3), RGB[::-1], np.uint8))[1].tobytes()
    (tmp_path / "t.jpg").write_bytes(jpeg[:2] + exif(6) + jpeg[2:])
    (tmp_path / "boxes.csv").write_text(f"t.jpg,{','.join(map(str, BOX))}\n")
    monkeypatch.setattr("infer.jobs.batch.PIXEL_LIMIT", 101 * 84)
    code, out, err = call("t.jpg", "--boxes", "boxes.csv", "--pts", model=telling)
    assert (code, err) == (0, "") and out.splitlines()[1].endswith(" ms, read at 1/4 of its size")
    (entry,) = read(tmp_path / "output" / "points.json")
    assert (entry["width"], entry["height"]) == (333, 401)
    wanted = by_hand(BOX, expected_fractions(RGB), 2)
    np.testing.assert_allclose(entry["faces"][0]["points"], wanted, atol=0.5)
    np.testing.assert_allclose(entry["faces"][0]["box"], box_of(wanted), atol=0.5)
    np.testing.assert_allclose(entry["faces"][0]["errors"], errors_by_hand(BOX, 2), rtol=0.02)
    drawn = cv2.imread(str(tmp_path / "output" / "t.jpg"))
    assert drawn.shape[:2] == (101, 84)
    y, x = np.nonzero(np.abs(drawn.astype(int) - RGB[::-1]).max(axis=2) > 25)
    marks = np.array([[x.min(), y.min()], [x.max(), y.max()]])
    np.testing.assert_allclose(marks, np.reshape(box_of(wanted), (2, 2)) / 4, atol=2.5)  # a mark's radius, and rounding
    first = (tmp_path / "output" / "pts" / "t.pts").read_text().splitlines()[3]
    np.testing.assert_allclose(np.array(first.split(), float), np.array(wanted[0]) + 1, atol=0.5)


def test_csv_pts_and_numbers(call, tmp_path):
    code, _, err = call("my pictures", "--boxes", "boxes.csv", "--csv", "deep/p.csv", "--pts", "--numbers")
    assert (code, err) == (0, "")
    entry, _ = read(tmp_path / "output" / "points.json")
    header, *rows = csv.reader((tmp_path / "deep" / "p.csv").open(encoding="utf-8"))
    assert header == ["file", *(f"{axis}{index}" for index in range(5) for axis in "xy")]
    assert [row[0] for row in rows] == ["a ä.png"] * 2
    np.testing.assert_array_equal(np.array(rows[1][1:], float).reshape(5, 2), entry["faces"][1]["points"])
    assert names_in(tmp_path / "output" / "pts") == ["a ä_1.pts", "a ä_2.pts"]
    _, _, _, *points, _ = (tmp_path / "output" / "pts" / "a ä_1.pts").read_text().splitlines()
    found = np.array([line.split() for line in points], float)
    np.testing.assert_allclose(found, np.array(entry["faces"][0]["points"]) + 1, atol=0.006)  # iBUG's first pixel: 1, 1


def errors_by_hand(box, passes: int) -> np.ndarray:
    """The telling model's errors for the face in a box, pixels, float64 [5]: after a second pass, at the mirrored crop,
    the mean of both."""
    curve = CALIBRATED["curve"]
    told = np.interp(expected_spreads(RGB), curve["spread"], curve["error"]) * CALIBRATED["points"]
    boxes = [box, *(box_of(by_hand(box, expected_fractions(RGB), number)) for number in range(1, passes))]
    looks = [told * max(x1 - x0, y1 - y0) * (1 + 2 * MARGIN) for x0, y0, x1, y1 in boxes]
    return looks[0] if passes == 1 else (looks[-2] + looks[-1][FLIP]) / 2


def test_errors_are_written_and_drawn(call, telling, tmp_path):
    options = ("my pictures", "--boxes", "boxes.csv", "--csv", "p.csv")
    assert call(*options, "--draw-errors", model=telling)[0] == 0
    entry, _ = read(tmp_path / "output" / "points.json")
    faces, wanted = entry["faces"], errors_by_hand(BOX, 2)
    np.testing.assert_allclose(faces[0]["errors"], wanted, atol=0.02)
    assert np.round(wanted).tolist() == [6, 6, 8, 12, 12] and 0 < faces[0]["sure"] < 1
    header, *rows = csv.reader((tmp_path / "p.csv").open(encoding="utf-8"))
    assert header[11:] == [f"error{index}" for index in range(5)]
    assert [[float(cell) for cell in row[11:]] for row in rows] == [face["errors"] for face in faces]
    drawn, sheet = (
        cv2.imdecode(np.fromfile(tmp_path / "output" / name, np.uint8), 1) for name in ("a ä.png", "contact_sheet.jpg")
    )
    assert call(*options, "--draw-errors", "--resume", model=telling)[0] == 0
    assert off(tmp_path / "output" / "contact_sheet.jpg", sheet) < 0.1
    assert call(*options, model=telling)[0] == 0
    assert off(tmp_path / "output" / "contact_sheet.jpg", sheet) > 0.5
    (x, y), radius = faces[0]["points"][3], faces[0]["errors"][3]
    plain = cv2.imdecode(np.fromfile(tmp_path / "output" / "a ä.png", np.uint8), 1)
    changed = np.hypot(*np.nonzero((drawn != plain).any(axis=2))[::-1] - np.array([[x], [y]])) - radius
    assert (np.abs(changed) < 1).sum() > 5 * radius  # most of a ring


def test_errors_cannot_be_drawn_where_the_model_does_not_tell_them(call, tiny_model, tmp_path):
    code, out, err = call("my pictures", "--whole", "--draw-errors")
    assert (code, out) == (2, "") and err.startswith(f"--draw-errors: found {tiny_model}, expected ")
    assert not (tmp_path / "output").exists()


def test_a_run_goes_on_with_the_same_errors_only(call, telling, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    options = ("my pictures", "--whole", "--threads", 1)
    with monkeypatch.context() as patch:
        patch.setattr(Landmarker, "scores", stop)
        assert call(*options, model=telling)[0] == 130
    other = write_model(tmp_path / "other", spread=CALIBRATED | {"points": [1] * 5})
    code, _, err = call(*options, "--resume", model=other)
    assert code == 2 and "found a run with errors " in err
    assert call(*options, "--resume", model=telling)[0] == 0


def test_a_run_goes_on_with_the_same_detectors_only(call, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    folder = tmp_path / "detector"
    write_detector(folder, "near", roll=0.2)
    file = write_detector(folder, close="near.pb")
    options = ("my pictures", "--threads", 1, "--detector-model", file)
    with monkeypatch.context() as patch:
        patch.setattr(OwnDetector, "find", stop)
        assert call(*options)[0] == 130
    for name, changes in (
        ("near", {"roll": 0.3}),
        ("near", {"roll": 0.2, "threshold": 0.6}),
        ("near", {"roll": 0.2, "overlap": 0.3}),
        ("detector", {"threshold": 0.6, "close": "near.pb"}),
        ("detector", {}),
    ):
        write_detector(folder, name, **changes)
        code, _, err = call(*options, "--resume")
        assert code == 2 and "found a run with detector " in err
        write_detector(folder, "near", roll=0.2)
    write_detector(folder, close="near.pb", terms="others")
    assert call(*options, "--resume")[0] == 0


def test_the_same_name_in_two_folders(call, pictures):
    for place in (pictures / "x", pictures / "y" / "z", pictures / ".hidden"):
        place.mkdir(parents=True)
        cv2.imwrite(str(place / "b.bmp"), np.full((40, 50, 3), 7, np.uint8))
    code, out, err = call("my pictures", "--whole", "--recursive", "--pts", "--out", "my pictures/out")
    assert (code, err) == (0, "")
    entries = read(pictures / "out" / "points.json")
    assert [entry["file"] for entry in entries] == ["a ä.png", "b.bmp", "x/b.bmp", "y/z/b.bmp"]
    drawn = {path.name: cv2.imread(str(path)).shape for path in (pictures / "out").glob("b*")}
    assert drawn == {"b.bmp": (90, 140, 3), "b-2.bmp": (40, 50, 3), "b-3.bmp": (40, 50, 3)}
    assert names_in(pictures / "out" / "pts") == ["a ä.pts", "b-2.pts", "b-3.pts", "b.pts"]
    # what is drawn is no input of the next run
    assert "4 of 4 pictures" in call("my pictures", "--whole", "--recursive", "--out", "my pictures/out")[1]


def off(picture, expected) -> float:
    """The mean difference of a file's picture from another; points were rounded before they were drawn, or not."""
    return np.abs(cv2.imread(str(picture)).astype(int) - expected).mean()


def test_resume_skips_what_is_done(call, pictures, tmp_path, monkeypatch):
    for name in ("c", "d", "e"):
        cv2.imwrite(str(pictures / f"{name}.png"), np.full((40, 50, 3), 99, np.uint8))
    options = ("my pictures", "--whole", "--pts", "--threads", 1)
    calls, fit = [], Landmarker.fit_faces

    def stop(self, image, boxes, passes):
        calls.append(image.shape)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return fit(self, image, boxes, passes)

    monkeypatch.setattr(Landmarker, "fit_faces", stop)
    code, _, err = call(*options)
    assert code == 130 and err.startswith("3 pictures are done; ") and err.endswith("\nstopped\n")
    assert not (tmp_path / "output" / "points.json").exists()
    code, _, err = call(*options, "--resume", "--passes", 3)
    assert code == 2 and "found a run with passes default, expected 3" in err
    code, out, err = call(*options, "--resume")
    assert (code, err) == (0, "") and "3 of 5 pictures were done before" in out and len(calls) == 4 + 2
    whole, sheet = read(tmp_path / "output" / "points.json"), tmp_path / "output" / "contact_sheet.jpg"
    drawn = cv2.imread(str(sheet)).astype(int)
    assert [entry["file"] for entry in whole] == ["a ä.png", "b.bmp", "c.png", "d.png", "e.png"]
    # a finished run: nothing to do but what has been taken away, and the same files again
    (tmp_path / "output" / "d.png").unlink()
    (tmp_path / "output" / "pts" / "c.pts").unlink()
    assert "3 of 5 pictures were done before" in call(*options, "--resume")[1] and len(calls) == 4 + 2 + 2
    assert read(tmp_path / "output" / "points.json") == whole and off(sheet, drawn) < 0.1
    (pictures / "a ä.png").unlink()  # no thumbnail of it any more
    assert call("my pictures", "my pictures/a ä.png", *options[1:], "--resume")[0] == 0
    assert cv2.imread(str(sheet)).shape != drawn.shape
    assert call(*options)[0] == 0 and len(calls) == 4 + 2 + 2 + 4  # without --resume all is done again
    assert not list((tmp_path / "output").glob(".*"))


def test_threads_change_nothing(call, pictures, tmp_path):
    rng = np.random.default_rng(0)
    for index in range(6):
        cv2.imwrite(str(pictures / f"r{index}.png"), rng.integers(0, 256, (60, 80, 3), np.uint8))
    (pictures / "r3.png").write_bytes(b"")
    before = cv2.getNumThreads()
    try:
        answers = [call("my pictures", "--whole", "--threads", number, "--out", f"o{number}") for number in (1, 3)]
    finally:
        cv2.setNumThreads(before)
    names = [[line.split(",")[0] for line in out.splitlines()[1:-1]] for _, out, _ in answers]
    assert names[0] == names[1] and len(names[0]) == 7 and answers[0][::2] == answers[1][::2]
    for path in (tmp_path / "o1").iterdir():
        assert path.read_bytes() == (tmp_path / "o3" / path.name).read_bytes()


def test_pose_openness_and_crops_of_68_points(call, tmp_path):
    assert call("my pictures/b.bmp", "--whole", "--crops", model=INFER / "landmark.pb")[0] == 0
    ((entry,),) = [entry["faces"] for entry in read(tmp_path / "output" / "points.json")]
    assert set(entry) == {"box", "points", "errors", "sure", "score", "pose", "open"}
    assert entry["pose"]["yaw"] == pytest.approx(head_pose(np.array(entry["points"])).yaw, abs=0.2)
    assert cv2.imread(str(tmp_path / "output" / "crops" / "b.png")).shape == (112, 112, 3)


def test_without_its_detector_one_line_says_so(call, monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "HERE", tmp_path)
    code, _, err = call("my pictures")
    assert (code, err) == (2, f"{tmp_path / 'detector.pb'}: no such model\n")
    assert call("my pictures", "--whole")[0] == 0
