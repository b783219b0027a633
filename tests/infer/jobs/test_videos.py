"""infer/jobs/videos.py, by the command: videos and cameras followed, drawn, written whole or not at all."""

import functools
import http.server
import json
import os
import shutil
import threading
import time

import cv2
import numpy as np
import pytest

from infer.jobs import videos
from infer.video import frames as video
from tests.helpers.film import SIZE, Truth, still, write_clip


@pytest.fixture
def followed(monkeypatch):
    """Every tracker follows one face that stays where it is."""
    truth, tracker = Truth(still(80, 60)), videos.Tracker
    monkeypatch.setattr(videos, "Tracker", lambda landmarker, settings: tracker(truth, settings))


def lines_of(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def names_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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
    assert call("97")[0::2] == (2, "camera 97: found no camera of that number, expected one\n")
    monkeypatch.setattr(video.cv2, "VideoCapture", Camera)
    code, out, err = call("0")
    assert (code, err) == (0, "") and out.splitlines()[-1].startswith("0: 3 frames, 1 face, ")
    lines = lines_of(tmp_path / "output" / "camera0.jsonl")
    assert lines[0]["time"] == 0 and lines[2]["time"] > lines[1]["time"] > 0
    assert (tmp_path / "output" / "camera0.mp4").is_file()


@pytest.mark.parametrize(("source", "code"), [("0", 0), ("clip.avi", 130)])
def test_ctrl_c_ends_a_camera_and_stops_a_video(call, followed, monkeypatch, tmp_path, source, code):
    class Stopped(videos.Progress):
        def step(self, *_):
            super().step()
            if self.count == 2:
                raise KeyboardInterrupt

    write_clip(tmp_path / "clip.avi")
    if source == "0":
        monkeypatch.setattr(video.cv2, "VideoCapture", Camera)
    monkeypatch.setattr(videos, "Progress", Stopped)
    assert call(source)[0] == code
    assert names_in(tmp_path / "output") == (["camera0.jsonl", "camera0.mp4"] if source == "0" else [])


def test_drawn_video_and_lines(call, followed, tmp_path):
    write_clip(tmp_path / "clip.avi")
    code, out, err = call("clip.avi")
    assert (code, err) == (0, "") and out.splitlines()[-1].startswith("clip.avi: 24 frames, 1 face, ")
    lines = lines_of(tmp_path / "output" / "clip.jsonl")
    assert [line["frame"] for line in lines] == list(range(24))
    for line in lines:
        assert line["time"] == pytest.approx(line["frame"] / 12, abs=1e-3)
        (face,) = line["faces"]
        assert face["id"] == 1 and face["box"] == [60, 40, 100, 80] and len(face["points"]) == 5
    with video.Frames(tmp_path / "output" / "clip.mp4") as frames:
        drawn = [frame.image for frame in frames]
    assert len(drawn) == 24 and np.ptp(drawn[12][:20].astype(int)) < 20 and np.ptp(drawn[12].astype(int)) > 60
    assert names_in(tmp_path / "output") == ["clip.jsonl", "clip.mp4"]


def test_pictures_and_videos_together_and_a_bad_one(call, followed, tmp_path):
    write_clip(tmp_path / "a.avi", 5)
    write_clip(tmp_path / "a.mp4", 5)
    (tmp_path / "b.mp4").write_bytes(b"no")
    cv2.imwrite(str(tmp_path / "p.png"), np.zeros((50, 60, 3), np.uint8))
    code, out, err = call("a.avi", "b.mp4", "a.mp4", "p.png", "--no-draw", "--no-smooth")
    assert code == 1 and err.startswith("b.mp4: found no video") and err.count("\n") == 1 and "1 of 1 pictures" in out
    assert names_in(tmp_path / "output") == ["a-2.jsonl", "a.jsonl", "points.json"]


def test_a_video_cut_in_the_middle(call, followed, tmp_path):
    for name in ("cut.avi", "cut.mp4"):
        data = write_clip(tmp_path / name, 60).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
    code, out, err = call("cut.avi", "--no-draw")
    count = len(lines_of(tmp_path / "output" / "cut.jsonl"))
    assert code == 1 and err.startswith(f"cut.avi: found {count} frames, expected 60") and 10 < count < 50
    assert call("cut.mp4")[0] == 2  # its table is at the end


@pytest.mark.skipif(os.name == "nt", reason="found names that are UTF-16, expected bytes")
def test_videos_of_any_name_and_place(call, followed, tmp_path):
    """A name that is no UTF-8 would end the interpreter within OpenCV; others have a suffix of no video, or none."""
    clip = write_clip(tmp_path / "clip.avi", 4)
    for name in (b"v\xfc.avi", b"c.ts", b"other.xyz", b"none"):
        shutil.copy(clip, os.fsencode(tmp_path) + b"/" + name)
    out = tmp_path / os.fsdecode(b"o\xfc")
    code, told, err = call(os.fsdecode(b"v\xfc.avi"), "c.ts", "other.xyz", "none", "--out", out)
    assert (code, err) == (0, "") and "\nv\\xfc.avi: 4 frames, 1 face, " in told
    assert names_in(out) == sorted(
        f"{stem}.{end}" for stem in ("v_xfc", "c", "other", "none") for end in ("mp4", "jsonl")
    )
    code, _, err = call("clip.avi", "c.ts", "--out", ".")
    assert code == 0  # clip.mp4 is none of the inputs
    code, _, err = call("clip.mp4", "--out", ".")
    assert code == 2 and err.startswith("--out .: found the given clip.mp4 there")


def test_addresses_are_videos(call, tmp_path):
    code, out, err = call("rtsp://name:secret@127.0.0.1:9/live/door?x=1")
    assert code == 2 and err.startswith("rtsp://127.0.0.1:9/live/door?x=1: found no video that OpenCV reads")
    names = videos.video_names(["rtsp://a:b@c.org/live/door 1.sdp?x=1", "http://c.org"])
    assert names == ["door_1.mp4", "c.mp4"]


def test_a_video_by_its_address(call, followed, tmp_path):
    write_clip(tmp_path / "clip.avi", 4)
    silent = type("Silent", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(silent, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/clip.avi"
        code, out, err = call(address, "--no-draw")
        server.shutdown()
    assert (code, err) == (0, "") and out.splitlines()[-1].startswith(f"{address}: 4 frames, 1 face, ")
    assert [line["frame"] for line in lines_of(tmp_path / "output" / "clip.jsonl")] == [0, 1, 2, 3]


def test_what_fails_in_the_middle_leaves_nothing(call, followed, monkeypatch, tmp_path):
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == 7:
            raise OSError(28, "No space left on device")
        return b"{}\n"

    write_clip(tmp_path / "clip.avi")
    monkeypatch.setattr(videos.video, "frame_line", fail)
    code, _, err = call("clip.avi")
    assert code == 2 and "No space left on device" in err and len(err.splitlines()) == 1
    assert names_in(tmp_path / "output") == []


def test_show_ends_with_escape(call, followed, shown, monkeypatch, tmp_path):
    write_clip(tmp_path / "clip.avi")
    monkeypatch.setattr(cv2, "waitKey", lambda _: 27 if len(shown) == 5 else 255)
    assert call("clip.avi", "--show", "--no-draw")[0] == 0 and shown == [(120, 160, 3)] * 5
    assert len(lines_of(tmp_path / "output" / "clip.jsonl")) == 5


@pytest.mark.parametrize("option", [["--boxes", "b.csv"], ["--whole"]])
def test_options_for_pictures_only(call, tmp_path, option):
    write_clip(tmp_path / "clip.avi", 3)
    code, _, err = call("clip.avi", *option)
    assert code == 2 and err.startswith(f"{option[0]}: found the video clip.avi") and err.count("\n") == 1
