"""infer/video/frames.py: every frame there, written whole or not at all."""

import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from infer.video import frames as video
from infer.video.frames import Frames, VideoFile
from tests.helpers.film import SIZE, write_clip, write_uneven_clip


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


@pytest.mark.parametrize("suffix, expected", [(".mkv", 151), (".mov", 8)])  # Matroska holds no count of frames
@pytest.mark.skipif(not hasattr(cv2, "VIDEOWRITER_PROP_PTS"), reason="this OpenCV (< 4.11) writes no such films")
def test_a_varying_rate_has_each_frame_at_its_own_time(tmp_path, suffix, expected):
    stamps = [0, 4, 8, 30, 60, 63, 66, 150]
    with Frames(write_uneven_clip(tmp_path / f"c{suffix}", stamps)) as frames:
        seen = list(frames)
    np.testing.assert_allclose([frame.time for frame in seen], np.array(stamps) / 100, atol=1e-9)
    assert (frames.expected, frames.count, frames.missing) == (expected, 8, 0)
    assert json.loads(video.frame_line(seen[3], []))["time"] == 0.3


@pytest.mark.parametrize(
    "stamps, times",
    [
        ([0, 0, 0, 0], [0, 0.25, 0.5, 0.75]),  # a format without any
        ([700, 900, 900, 1000, 1900], [0, 0.2, 0.45, 0.55, 1.45]),
        ([0, 100, 8000, 0, 100], [0, 0.1, 8, 8.25, 8.35]),  # two recordings joined
    ],
)
def test_time_never_stands_still(tmp_path, monkeypatch, stamps, times):
    given, pictures = iter(stamps), iter([(True, np.zeros((4, 6, 3), np.uint8))] * len(stamps))
    capture = SimpleNamespace(
        get=lambda key: {5: 4.0, 7: len(stamps)}[key] if key else next(given, 0),
        read=lambda: next(pictures, (False, None)),
        release=lambda: None,
    )
    monkeypatch.setattr(Frames, "_open", lambda self: capture)
    with Frames(tmp_path / "c.avi") as frames:
        np.testing.assert_allclose([frame.time for frame in frames], times, atol=1e-9)


def test_reading_can_be_left_in_the_middle(tmp_path):
    with Frames(write_clip(tmp_path / "c.avi")) as frames:
        assert next(iter(frames)).index == 0
    # the first one, the queue, the one that found no room in it, and the one that was being read then
    assert frames.count <= 1 + video.AHEAD + 2


def test_a_video_that_fails_leaves_nothing(tmp_path, monkeypatch):
    with pytest.raises(RuntimeError), VideoFile(tmp_path / "c.mp4", 12, SIZE) as file:
        file.write(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
        raise RuntimeError
    monkeypatch.setattr(video.cv2.VideoWriter, "fourcc", lambda *_: 0, raising=False)
    with pytest.raises(ValueError, match=r"c\.mp4: found an OpenCV that cannot write it"):
        VideoFile(tmp_path / "c.mp4", 12, (0, 0)).__enter__()
    with pytest.raises(ValueError, match=r"c\.gif: found suffix '\.gif', expected one of \.mp4, \.avi"):
        VideoFile(tmp_path / "c.gif", 12, SIZE)
    assert not list(tmp_path.iterdir())


def test_no_videos(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"n\.mp4: found no such file"):
        Frames(tmp_path / "n.mp4")
    for data in (b"", b"this is no video" * 100):
        (tmp_path / "bad.mp4").write_bytes(data)
        with pytest.raises(ValueError, match=r"bad\.mp4: found no video that OpenCV reads"):
            Frames(tmp_path / "bad.mp4")
    monkeypatch.setattr(Frames, "_next_frame", lambda self: None)
    with pytest.raises(ValueError, match=r"c\.avi: found no frame that can be read"):
        Frames(write_clip(tmp_path / "c.avi", 2))


def test_a_number_is_a_camera_unless_a_file_has_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [video.is_camera(name) for name in ("0", "0.mp4", "-1")] == [True, False, False]
    assert [video.is_video(name) for name in ("0", "0.MP4", "0.jpg", "rtsp://c/d")] == [True, True, False, True]
    (tmp_path / "heif").write_bytes(b"\0\0\0\x18ftypmif1\0\0\0\0miafavif")  # FFmpeg would take it for a film
    (tmp_path / "a.mov").mkdir()
    write_clip(tmp_path / "film.avi", 2).rename(tmp_path / "film.jpg")
    assert [video.is_video(name) for name in ("heif", "a.mov", "film.jpg")] == [False, False, True]
    (tmp_path / "0").mkdir()
    assert not video.is_camera("0")
