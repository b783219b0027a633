"""infer/run.py: the command as people use it, in this process and as a folder on its own."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from infer import run
from infer.faces.pose import head_pose
from infer.files.names import file_stems
from infer.geometry.boxes import box_of
from infer.geometry.crop import Crop
from tests.helpers.tiny_model import MARGIN, SIZE, expected_fractions, write_model
from tests.infer.test_landmarker import by_hand

INFER = Path(__file__).resolve().parents[2] / "infer"
RGB = (180, 60, 20)
BOX = (60, 60, 110, 102)
# the machine that has only Python, NumPy and OpenCV: everything else of ours and of TensorFlow's raises on import
LONELY = """
import sys, runpy
class Refuse:
    def find_spec(self, name, path=None, target=None):
        refused = {"tensorflow", "keras", "scipy", "matplotlib", "tqdm", "records", "net", "tools", "export"}
        if name.split(".")[0] in refused:
            raise ImportError("not on this machine: " + name)
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
sys.path[0] = ""
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def pictures(tmp_path):
    """A folder of two pictures of one colour, 160x200 and 90x140, and a CSV with two boxes for the first."""
    folder = tmp_path / "my pictures"
    folder.mkdir()
    for name, shape in [("a ä.png", (160, 200, 3)), ("b.bmp", (90, 140, 3))]:
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, np.full(shape, RGB[::-1], np.uint8))[1].tobytes())
    with (tmp_path / "boxes.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file", "x0", "y0", "x1", "y1"], ["a ä.png", *BOX], ["a ä.png", 70, 30, 130, 80]])
    return folder


@pytest.fixture
def call(tmp_path, pictures, model, monkeypatch, capsys):
    """Calls main in tmp_path with the tiny model: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*args, model=model):
        code = run.main([*map(str, args), *(["--model", str(model)] if model else [])])
        return code, *capsys.readouterr()

    return call


def read(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["images"]


def check_first(entry: dict, passes: int = 2) -> None:
    wanted = by_hand(BOX, expected_fractions(RGB), passes)
    assert (entry["file"], entry["width"], entry["height"], len(entry["faces"])) == ("a ä.png", 200, 160, 2)
    np.testing.assert_allclose(entry["faces"][0]["points"], wanted, atol=0.02)
    np.testing.assert_allclose(entry["faces"][0]["box"], box_of(wanted), atol=0.02)


def test_boxes_to_pictures_sheet_and_json(call, pictures, tmp_path):
    code, out, err = call("my pictures", "--boxes", "boxes.csv")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("model: ") and lines[0].endswith("(given by --model)")
    assert lines[1].startswith("a ä.png: 2 faces, ") and lines[1].endswith(" ms")
    assert lines[2].startswith("b.bmp: no face found, ")
    assert lines[3] == f"2 of 2 pictures, 2 faces -> output{os.sep}"
    first, second = read(tmp_path / "output" / "points.json")
    check_first(first)
    assert second == {"file": "b.bmp", "width": 140, "height": 90, "faces": []}
    assert sorted(path.name for path in (tmp_path / "output").iterdir()) == [
        "a ä.png",
        "b.bmp",
        "contact_sheet.jpg",
        "points.json",
    ]
    drawn = cv2.imdecode(np.fromfile(tmp_path / "output" / "a ä.png", np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == (160, 200, 3) and (drawn != RGB[::-1]).any()
    kept = cv2.imdecode(np.fromfile(pictures / "a ä.png", np.uint8), cv2.IMREAD_COLOR)
    assert (kept == RGB[::-1]).all()


def test_passes_and_json_alone(call, tmp_path):
    code, out, err = call(
        "my pictures/a ä.png", "--boxes", "boxes.csv", "--passes", 1, "--no-draw", "--json", "deep/p.json"
    )
    assert (code, err) == (0, "") and out.splitlines()[-1] == f"1 of 1 pictures, 2 faces -> {Path('deep/p.json')}"
    (entry,) = read(tmp_path / "deep" / "p.json")
    check_first(entry, passes=1)
    assert not (tmp_path / "output").exists()


def test_json_in_both_places_and_another_out(call, tmp_path):
    assert call("my pictures", "--boxes", "boxes.csv", "--json", "p.json", "--out", "o/deep")[0] == 0
    assert read(tmp_path / "p.json") == read(tmp_path / "o" / "deep" / "points.json")
    assert call("my pictures", "--boxes", "boxes.csv", "--no-draw", "--out", "o2")[0] == 0
    assert [path.name for path in (tmp_path / "o2").iterdir()] == ["points.json"]


def test_boxes_by_path_and_strange_names(call, tmp_path):
    (tmp_path / "boxes.csv").write_text("my pictures/b.bmp,10,10,50,40\nother.jpg,1,1,5,5\n")
    code, out, err = call("my pictures", "--boxes", "boxes.csv")
    assert code == 0 and "b.bmp: 1 face, " in out
    assert err == "boxes.csv: 1 names are none of the given pictures and left out: other.jpg\n"


def test_detection_says_when_there_is_no_face(call):
    code, out, err = call("my pictures")
    assert (code, err) == (0, "") and out.count("no face found") == 2


def test_exif_coordinates_are_upright(call, pictures, tmp_path):
    from tests.infer.files.test_pictures import exif

    for file in pictures.iterdir():
        file.unlink()
    jpeg = cv2.imencode(".jpg", np.full((80, 100, 3), 90, np.uint8))[1].tobytes()
    (pictures / "t.jpg").write_bytes(jpeg[:2] + exif(6) + jpeg[2:])
    (tmp_path / "boxes.csv").write_text("t.jpg,10,10,50,40\n")
    assert call("my pictures", "--boxes", "boxes.csv")[0] == 0
    (entry,) = read(tmp_path / "output" / "points.json")
    assert (entry["width"], entry["height"]) == (80, 100)
    assert cv2.imread(str(tmp_path / "output" / "t.jpg")).shape == (100, 80, 3)


def test_bad_files_are_named_and_the_rest_goes_on(call, pictures, tmp_path):
    (pictures / "0.jpg").write_bytes(b"")
    (pictures / "z.png").write_bytes((pictures / "a ä.png").read_bytes()[:-20])
    code, out, err = call("my pictures", "gone.jpg", "--boxes", "boxes.csv")
    assert code == 1
    assert err.splitlines() == [
        f"{Path('my pictures/0.jpg')}: found an empty file, expected a picture",
        f"{Path('my pictures/z.png')}: found a truncated PNG (no IEND chunk), expected a whole picture",
        "gone.jpg: found no such file, expected a picture",
        "not done: 0.jpg, z.png, gone.jpg",
    ]
    assert out.splitlines()[-1] == f"2 of 5 pictures, 2 faces -> output{os.sep}"
    check_first(read(tmp_path / "output" / "points.json")[0])


def test_what_opencv_throws_is_one_line(call, monkeypatch):
    for thrown, wanted in [
        (cv2.error("OpenCV(4)\n  went wrong"), "OpenCV(4) went wrong"),
        (MemoryError(), "found no memory"),
    ]:

        def fail(*_, thrown=thrown):
            raise thrown

        monkeypatch.setattr(run.Landmarker, "detect", fail)
        code, _, err = call("my pictures/b.bmp")
        assert code == 1 and wanted in err.splitlines()[0] and len(err.splitlines()) == 2


def test_nothing_to_do(call, tmp_path):
    (tmp_path / "empty").mkdir()
    for paths, wanted in [
        (["empty"], "empty: found no pictures, expected files ending in .jpg"),
        (["gone.jpg"], "gone.jpg: found no such file or folder, expected pictures"),
        (["*.gone"], "*.gone: found no such file or folder"),
    ]:
        code, out, err = call(*paths)
        assert (code, out) == (2, "") and err.startswith(wanted) and err.count("\n") == 1
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["--boxes", "none.csv"], "none.csv: found no such file, expected a CSV of boxes"),
        (
            ["--boxes", "strange.csv"],
            "strange.csv: found boxes for x.jpg and no given picture, expected names such as a ä.png",
        ),
        (["--boxes", "bad.csv"], "bad.csv line 1: found 2 columns"),
        (["--out", "my pictures"], "--out my pictures: found a folder of the given pictures, expected another one"),
        (
            ["--json", "my pictures/b.bmp"],
            f"--json {Path('my pictures/b.bmp')}: found an input, expected a file to write to",
        ),
        (["--out", "boxes.csv"], "boxes.csv: File exists"),
    ],
)
def test_usage_errors(call, pictures, tmp_path, args, wanted):
    (tmp_path / "strange.csv").write_text("x.jpg,1,2,3,4\n")
    (tmp_path / "bad.csv").write_text("x.jpg,1\n")
    before = {path: path.read_bytes() for path in pictures.iterdir()}
    code, _, err = call("my pictures", *args)
    assert code == 2 and err.startswith(wanted) and err.count("\n") == 1
    assert {path: path.read_bytes() for path in pictures.iterdir()} == before


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["x.jpg", "--passes", "0"], "found '0', expected a whole number of at least 1"),
        (["x.jpg", "--threads", "two"], "found 'two', expected a whole number"),
        ([], "required: PATH"),
    ],
)
def test_wrong_arguments(args, wanted, capsys):
    with pytest.raises(SystemExit) as stop:
        run.main(args)
    assert stop.value.code == 2 and wanted in capsys.readouterr().err


def test_models_that_are_missing_or_bad(call, tmp_path):
    code, _, err = call("my pictures", model="none.pb")
    assert (code, err) == (2, "none.pb: no such model\n")
    path = write_model(tmp_path / "m", version=7)
    code, _, err = call("my pictures", model=path)
    assert code == 2 and err.endswith("landmark.json: version is 7, expected 1\n")


def test_which_model_is_said(call, tmp_path, monkeypatch):
    monkeypatch.setattr("infer.landmarker.HERE", tmp_path)
    write_model(tmp_path)
    assert "landmark.pb (the one that came with this program)" in call("my pictures", model=None)[1]
    write_model(tmp_path / "local")
    assert "landmark.pb (your own, exported here)" in call("my pictures", model=None)[1]


def test_show_without_a_display_stops_before_any_work(call, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert call("my pictures", "--show") == (
        2,
        "",
        "--show: found no display (DISPLAY is not set), expected one; leave --show out\n",
    )

    def headless(*_):
        raise cv2.error("The function is not implemented")

    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.setattr(cv2, "namedWindow", headless)
    code, out, err = call("my pictures", "--show")
    assert (code, out) == (2, "") and err.startswith("--show: found an OpenCV without windows (headless)")
    assert not (tmp_path / "output").exists()


def test_show_shows_until_escape(call, monkeypatch):
    shown = []
    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    monkeypatch.setattr(cv2, "imshow", lambda _, image: shown.append(image.shape))
    monkeypatch.setattr(cv2, "waitKey", lambda _: ord(" "))
    assert call("my pictures", "--show", "--boxes", "boxes.csv")[0] == 0 and shown == [(160, 200, 3), (90, 140, 3)]
    monkeypatch.setattr(cv2, "waitKey", lambda _: 27)
    assert call("my pictures", "--show", "--no-draw")[0] == 0 and len(shown) == 3


def test_stopping_is_no_traceback(call, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run.Landmarker, "detect", stop)
    code, _, err = call("my pictures")
    assert (code, err) == (130, "0 pictures are done; with --resume the run goes on\nstopped\n")


@pytest.mark.parametrize("name", ["infer", "some_other_name"])
def test_the_folder_alone_runs(pictures, model, tmp_path, name):
    copy = tmp_path / "elsewhere" / name
    shutil.copytree(INFER, copy, ignore=shutil.ignore_patterns("__pycache__", "local", "landmark.*"))
    for file in (model, model.with_suffix(".json")):
        shutil.copy(file, copy)
    (tmp_path / "lonely.py").write_text(LONELY)
    (tmp_path / "work").mkdir()
    answer = subprocess.run(
        [
            sys.executable,
            "-E",
            tmp_path / "lonely.py",
            copy / "run.py",
            pictures / "a ä.png",
            "--boxes",
            tmp_path / "boxes.csv",
        ],
        cwd=tmp_path / "work",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "(the one that came with this program)" in answer.stdout
    check_first(read(tmp_path / "work" / "output" / "points.json")[0])


def test_as_an_installed_package(pictures, model, tmp_path):
    shutil.copytree(INFER, tmp_path / "site" / "landmark68", ignore=shutil.ignore_patterns("__pycache__", "local"))
    code = "import sys; from landmark68.run import main; sys.exit(main())"
    answer = subprocess.run(
        [sys.executable, "-c", code, pictures, "--boxes", tmp_path / "boxes.csv", "--model", model],
        cwd=tmp_path / "site",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    check_first(read(tmp_path / "site" / "output" / "points.json")[0])


def test_the_script_in_place(pictures, model, tmp_path):
    answer = subprocess.run(
        [sys.executable, INFER / "run.py", pictures / "gone.png", "--model", model],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert (
        answer.stderr.endswith("gone.png: found no such file or folder, expected pictures\n")
        and answer.stderr.count("\n") == 1
    )


def test_whole_pictures_are_faces(call, tmp_path):
    code, out, err = call("my pictures/a ä.png", "--whole", "--passes", 1)
    assert (code, err) == (0, "")
    (entry,) = read(tmp_path / "output" / "points.json")
    box = (-0.5, -0.5, 199.5, 159.5)
    seen = Crop.around(box, MARGIN, SIZE).cut(np.full((160, 200, 3), RGB, np.uint8)).mean(axis=(0, 1))
    wanted = by_hand(box, expected_fractions(seen), 1)
    np.testing.assert_allclose(entry["faces"][0]["points"], wanted, atol=0.02)
    assert call("my pictures", "--whole", "--boxes", "boxes.csv")[0] == 2


def test_csv_pts_and_numbers(call, tmp_path):
    code, _, err = call("my pictures", "--boxes", "boxes.csv", "--csv", "deep/p.csv", "--pts", "--numbers")
    assert (code, err) == (0, "")
    entry, _ = read(tmp_path / "output" / "points.json")
    rows = list(csv.reader((tmp_path / "deep" / "p.csv").open(encoding="utf-8")))
    assert rows[0] == ["file", *(f"{axis}{index}" for index in range(5) for axis in "xy")]
    assert [row[0] for row in rows[1:]] == ["a ä.png"] * 2
    np.testing.assert_array_equal(np.array(rows[2][1:], float).reshape(5, 2), entry["faces"][1]["points"])
    files = sorted((tmp_path / "output" / "pts").iterdir())
    assert [file.name for file in files] == ["a ä_1.pts", "a ä_2.pts"]
    head, count, opened, *points, closed = files[0].read_text().splitlines()
    assert (head, count, opened, closed) == ("version: 1", "n_points: 5", "{", "}")
    found = np.array([line.split() for line in points], float)
    np.testing.assert_allclose(found, np.array(entry["faces"][0]["points"]) + 1, atol=0.006)  # iBUG's first pixel: 1, 1


def test_the_same_name_in_two_folders(call, pictures, tmp_path):
    for place in (pictures / "x", pictures / "y" / "z", pictures / ".hidden"):
        place.mkdir(parents=True)
        cv2.imwrite(str(place / "b.bmp"), np.full((40, 50, 3), 7, np.uint8))
    assert len(call("my pictures", "--whole")[1].splitlines()) == 2 + 2
    code, out, err = call("my pictures", "--whole", "--recursive", "--pts", "--out", "my pictures/out")
    assert (code, err) == (0, "")
    assert [entry["file"] for entry in read(pictures / "out" / "points.json")] == [
        "a ä.png",
        "b.bmp",
        "x/b.bmp",
        "y/z/b.bmp",
    ]
    drawn = {path.name: cv2.imread(str(path)).shape for path in (pictures / "out").glob("b*")}
    assert drawn == {"b.bmp": (90, 140, 3), "b-2.bmp": (40, 50, 3), "b-3.bmp": (40, 50, 3)}
    assert sorted(path.stem for path in (pictures / "out" / "pts").iterdir()) == ["a ä", "b", "b-2", "b-3"]
    # what is drawn is no input of the next run
    assert "4 of 4 pictures" in call("my pictures", "--whole", "--recursive", "--out", "my pictures/out")[1]


def test_names_of_faces_never_collide():
    assert file_stems(["a.jpg", "a.png", "a_2.jpg", "b_2.jpg", "a-2.jpg", "c_d.jpg"]) == [
        "a",
        "a-2",
        "a_2-1",
        "b_2",
        "a-2-2",
        "c_d",
    ]


def test_resume_skips_what_is_done(call, pictures, tmp_path, monkeypatch):
    for name in ("c", "d", "e"):
        cv2.imwrite(str(pictures / f"{name}.png"), np.full((40, 50, 3), 99, np.uint8))
    options = ("my pictures", "--whole", "--pts", "--threads", 1)
    calls, fit = [], run.Landmarker.fit

    def stop(self, image, boxes, passes):
        calls.append(image.shape)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return fit(self, image, boxes, passes)

    monkeypatch.setattr(run.Landmarker, "fit", stop)
    code, _, err = call(*options)
    assert (code, err) == (130, "3 pictures are done; with --resume the run goes on\nstopped\n")
    assert not (tmp_path / "output" / "points.json").exists()
    code, _, err = call(*options, "--resume", "--passes", 3)
    assert code == 2 and "found a run with passes 2, expected 3 as now; leave --resume out" in err
    code, out, err = call(*options, "--resume")
    assert (code, err) == (0, "") and "3 of 5 pictures were done before" in out and len(calls) == 4 + 2
    whole = read(tmp_path / "output" / "points.json")
    sheet = (tmp_path / "output" / "contact_sheet.jpg").read_bytes()
    assert [entry["file"] for entry in whole] == ["a ä.png", "b.bmp", "c.png", "d.png", "e.png"]
    # a finished run: nothing to do but what has been taken away, and the same files again
    (tmp_path / "output" / "d.png").unlink()
    (tmp_path / "output" / "pts" / "c.pts").unlink()
    assert "3 of 5 pictures were done before" in call(*options, "--resume")[1] and len(calls) == 4 + 2 + 2
    assert read(tmp_path / "output" / "points.json") == whole
    assert (tmp_path / "output" / "contact_sheet.jpg").read_bytes() == sheet
    assert call(*options)[0] == 0 and len(calls) == 4 + 2 + 2 + 5  # without --resume all is done again
    assert not list((tmp_path / "output").glob(".*"))


def test_threads_change_nothing(call, pictures, tmp_path):
    rng = np.random.default_rng(0)
    for index in range(12):
        cv2.imwrite(str(pictures / f"r{index}.png"), rng.integers(0, 256, (60, 80, 3), np.uint8))
    (pictures / "r3.png").write_bytes(b"")
    before = cv2.getNumThreads()
    try:
        answers = [call("my pictures", "--whole", "--threads", number, "--out", f"o{number}") for number in (1, 3)]
    finally:
        cv2.setNumThreads(before)
    assert answers[0][0] == answers[1][0] == 1 and answers[0][2] == answers[1][2]
    assert read(tmp_path / "o1" / "points.json") == read(tmp_path / "o3" / "points.json")
    names = [[line.split(",")[0] for line in out.splitlines()[1:-1]] for _, out, _ in answers]
    assert names[0] == names[1] and len(names[0]) == 13
    for path in (tmp_path / "o1").iterdir():
        assert path.read_bytes() == (tmp_path / "o3" / path.name).read_bytes()


def test_crops_need_points_that_are_known(call):
    code, _, err = call("my pictures", "--whole", "--crops")
    assert (code, err) == (2, "--crops: found points of the scheme 'tiny5', expected one of ibug68, kaggle15\n")


def test_pose_openness_and_crops_of_68_points(pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = INFER / "landmark.pb"
    assert run.main(["my pictures/b.bmp", "--whole", "--crops", "--model", str(model)]) == 0
    ((entry,),) = [entry["faces"] for entry in read(tmp_path / "output" / "points.json")]
    assert set(entry) == {"box", "points", "pose", "open"}
    assert set(entry["pose"]) == {"yaw", "pitch", "roll"} and set(entry["open"]) == {"left_eye", "right_eye", "mouth"}
    found = head_pose(np.array(entry["points"]))
    assert entry["pose"]["yaw"] == pytest.approx(found.yaw, abs=0.2)
    face = cv2.imread(str(tmp_path / "output" / "crops" / "b.png"))
    assert face.shape == (112, 112, 3)


def test_models_by_name(call):
    code, _, err = call("my pictures", "--whole", model="3d")
    if not (INFER / "landmark_3d.pb").is_file():
        assert code == 2 and err.endswith("landmark_3d.pb: no such model\n")


def test_without_haar_the_way_out_is_named_once(call, monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier")
    code, _, err = call("my pictures")
    assert code == 2 and err.count("\n") == 1
    assert "expected 4.x (opencv-python<5), --detector yunet, or faces given by --boxes or --whole" in err
    assert call("my pictures", "--whole")[0] == 0


def test_bombs_and_models_without_contract_are_one_line(call, pictures, tmp_path, model):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"")
    (pictures / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + rows + chunk(b"IEND", b""))
    (pictures / "text.jpg").write_text("no picture")
    code, out, err = call("my pictures", "--whole", "--no-draw")
    assert code == 1 and "2 of 4 pictures" in out
    assert err.splitlines()[:2] == [
        f"{Path('my pictures/bomb.png')}: found 60000x60000 pixels, expected at most 100 megapixels",
        f"{Path('my pictures/text.jpg')}: found no picture that it knows, expected JPEG, PNG, BMP, WebP, TIFF or GIF",
    ]
    lonely = tmp_path / "lonely.pb"
    shutil.copy(model, lonely)
    code, _, err = call("my pictures", model=lonely)
    assert (
        code == 2 and err == f"{lonely.with_suffix('.json')}: no such contract, expected beside the model lonely.pb\n"
    )


def test_a_file_without_permission_is_named(call, pictures):
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("this user may read everything")
    (pictures / "b.bmp").chmod(0)
    code, _, err = call("my pictures", "--whole")
    assert code == 1 and "b.bmp: found no permission to read it" in err
