"""infer/video/frames.py and run.py on videos: every frame there, drawn, written whole or not at all."""

import json
import time

import cv2
import numpy as np
import pytest

from infer import run
from infer.jobs import videos
from infer.video import frames as video
from infer.video.frames import Frames, VideoFile
from tests.helpers.tiny_model import write_model
from tests.infer.video.test_tracker import Truth, still

SIZE = (160, 120)


def write_clip(path, count: int = 24, rate: float = 12.0):
    """A film whose frames grow brighter one by one."""
    with VideoFile(path, rate, SIZE) as file:
        for index in range(count):
            file.write(np.full((SIZE[1], SIZE[0], 3), 10 * index % 256, np.uint8))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def call(tmp_path, model, monkeypatch, capsys):
    """Calls main in tmp_path: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*args):
        code = run.main([*map(str, args), "--model", str(model)])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def followed(monkeypatch):
    """Every tracker follows one face that stays where it is."""
    truth = Truth(still(80, 60))
    tracker = videos.Tracker
    monkeypatch.setattr(videos, "Tracker", lambda landmarker, settings: tracker(truth, settings))


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_what_is_written_is_read_again(tmp_path, suffix):
    with Frames(write_clip(tmp_path / f"c ä{suffix}")) as frames:
        seen = list(frames)
    assert [frame.index for frame in seen] == list(range(24)) and frames.missing == 0
    np.testing.assert_allclose([frame.time for frame in seen], np.arange(24) / 12, atol=1e-6)
    assert frames.size == SIZE and frames.rate == pytest.approx(12) and not frames.live
    for frame in seen:
        assert frame.image.shape == (SIZE[1], SIZE[0], 3) and abs(frame.image.mean() - 10 * frame.index) < 6
    assert [path.name for path in tmp_path.iterdir()] == [f"c ä{suffix}"]


def test_reading_can_be_left_in_the_middle(tmp_path):
    with Frames(write_clip(tmp_path / "c.avi")) as frames:
        for frame in frames:
            if frame.index == 2:
                break
    assert frames.count <= 3 + video.AHEAD + 1


def test_a_video_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), VideoFile(tmp_path / "c.mp4", 12, SIZE) as file:
        file.write(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"c\.gif: found suffix '\.gif', expected one of \.mp4, \.avi"):
        VideoFile(tmp_path / "c.gif", 12, SIZE)


def test_no_videos(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"n\.mp4: found no such file, expected a video"):
        Frames(tmp_path / "n.mp4")
    for data in (b"", b"this is no video" * 100):
        (tmp_path / "bad.mp4").write_bytes(data)
        with pytest.raises(
            ValueError, match=r"bad\.mp4: found no video that OpenCV reads, expected one, such as \.mp4"
        ):
            Frames(tmp_path / "bad.mp4")


def test_a_number_is_a_camera_unless_a_file_has_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert video.is_camera("0") and not video.is_camera("0.mp4") and not video.is_camera("-1")
    (tmp_path / "0").mkdir()
    assert not video.is_camera("0")


def test_camera_absent(call):
    code, _, err = call("97")
    assert (code, err) == (2, "camera 97: found no camera of that number, expected one\n")


class Camera:
    """A camera of three frames."""

    def __init__(self, number):
        self.left = 3

    def isOpened(self):  # noqa: N802
        return True

    def get(self, what):
        return {cv2.CAP_PROP_FPS: 0.0, cv2.CAP_PROP_FRAME_COUNT: -1.0}[what]

    def read(self):
        time.sleep(0.002)
        self.left -= 1
        return (True, np.zeros((SIZE[1], SIZE[0], 3), np.uint8)) if self.left >= 0 else (False, None)

    def release(self):
        pass


def test_a_camera_gives_frames_by_the_clock(call, followed, monkeypatch, tmp_path):
    monkeypatch.setattr(video.cv2, "VideoCapture", Camera)
    code, out, err = call("0")
    assert (code, err) == (0, "") and out.splitlines()[-1].startswith("0: 3 frames, 1 faces, ")
    lines = [json.loads(line) for line in (tmp_path / "output" / "camera0.jsonl").read_text().splitlines()]
    assert lines[0]["time"] == 0 and lines[2]["time"] > lines[1]["time"] > 0
    assert (tmp_path / "output" / "camera0.mp4").is_file()


def test_drawn_video_and_lines(call, followed, tmp_path):
    write_clip(tmp_path / "clip.avi")
    code, out, err = call("clip.avi")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("clip.avi: 24 frames, 1 faces, ")
    lines = [json.loads(line) for line in (tmp_path / "output" / "clip.jsonl").read_text().splitlines()]
    assert [line["frame"] for line in lines] == list(range(24))
    for line in lines:
        assert line["time"] == pytest.approx(line["frame"] / 12, abs=1e-3)
        (face,) = line["faces"]
        assert face["id"] == 1 and face["box"] == [60, 40, 100, 80] and len(face["points"]) == 5
    with Frames(tmp_path / "output" / "clip.mp4") as frames:
        drawn = [frame.image for frame in frames]
    assert len(drawn) == 24 and np.ptp(drawn[12][:20].astype(int)) < 20 and np.ptp(drawn[12].astype(int)) > 60
    assert sorted(path.name for path in (tmp_path / "output").iterdir()) == ["clip.jsonl", "clip.mp4"]


def test_pictures_and_videos_together_and_a_bad_one(call, followed, tmp_path):
    write_clip(tmp_path / "a.avi", 5)
    write_clip(tmp_path / "a.mp4", 5)
    (tmp_path / "b.mp4").write_bytes(b"no")
    cv2.imwrite(str(tmp_path / "p.png"), np.zeros((50, 60, 3), np.uint8))
    code, out, err = call("a.avi", "b.mp4", "a.mp4", "p.png", "--no-draw")
    assert (code, err) == (1, "b.mp4: found no video that OpenCV reads, expected one, such as .mp4\n")
    assert "1 of 1 pictures" in out
    assert sorted(path.name for path in (tmp_path / "output").iterdir()) == ["a-2.jsonl", "a.jsonl", "points.json"]


def test_a_video_cut_in_the_middle(call, followed, tmp_path):
    data = write_clip(tmp_path / "cut.avi", 60).read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) // 2])
    code, out, err = call("cut.avi", "--no-draw")
    lines = (tmp_path / "output" / "cut.jsonl").read_text().splitlines()
    assert code == 1 and err == f"cut.avi: found {len(lines)} frames, expected 60: cut or damaged from there on\n"
    assert 10 < len(lines) < 50
    data = write_clip(tmp_path / "cut.mp4", 60).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])  # its table is at the end
    assert call("cut.mp4")[0] == 2


def test_what_fails_in_the_middle_leaves_nothing(call, followed, monkeypatch, tmp_path):
    write_clip(tmp_path / "clip.avi")
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == 7:
            raise OSError(28, "No space left on device")
        return b"{}\n"

    monkeypatch.setattr(videos.video, "frame_line", fail)
    code, _, err = call("clip.avi")
    assert code == 2 and "No space left on device" in err and len(err.splitlines()) == 1
    assert list((tmp_path / "output").iterdir()) == []


def test_show_ends_with_escape(call, followed, monkeypatch, tmp_path):
    write_clip(tmp_path / "clip.avi")
    shown = []
    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    monkeypatch.setattr(cv2, "imshow", lambda _, image: shown.append(image.shape))
    monkeypatch.setattr(cv2, "waitKey", lambda _: 27 if len(shown) == 5 else 255)
    assert call("clip.avi", "--show", "--no-draw")[0] == 0 and shown == [(120, 160, 3)] * 5
    assert len((tmp_path / "output" / "clip.jsonl").read_text().splitlines()) == 5


@pytest.mark.parametrize("option", [["--boxes", "b.csv"], ["--whole"]])
def test_options_for_pictures_only(call, tmp_path, option):
    write_clip(tmp_path / "clip.avi", 3)
    code, _, err = call("clip.avi", *option)
    assert (code, err) == (2, f"{option[0]}: found the video clip.avi, expected pictures only\n")
