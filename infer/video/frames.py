"""Videos and cameras, frame by frame: read ahead on a thread, followed, drawn and written."""

from __future__ import annotations

import os
import queue
import re
import threading
import time as clock
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..faces.face import TrackedFace
from ..faces.schemes import Means
from ..files.atomic import atomic_path
from ..files.kinds import HEAD, VIDEOS, is_heif, kind_of
from ..files.pictures import quiet
from ..files.plain import plain_path
from ..files.points import face_entry, json_line

AHEAD = 4  # frames decoded ahead
RATE = 30.0  # frames a second of a camera or file that does not say
WRITABLE = {".mp4": "mp4v", ".avi": "MJPG"}


@dataclass(frozen=True)
class Frame:
    """index: from 0; time: seconds since the first frame, later from frame to frame; image: uint8 [height, width, 3]
    BGR, upright."""

    index: int
    time: float
    image: np.ndarray


def is_camera(source: str) -> bool:
    """Whether it is the number of a camera, and no file of that name."""
    return source.isdecimal() and not Path(source).exists()


def is_address(source: str) -> bool:
    """Whether it is the address of a stream, `rtsp://...` or another that FFmpeg may know."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", source) is not None


def is_video(source: str) -> bool:
    """Whether it is the number of a camera, an address, a file with the suffix of a video, or one that OpenCV opens as
    a video, whatever its name; but no picture, for single pictures open as films of one frame."""
    path = Path(source)
    if is_camera(source) or is_address(source):
        return True
    if path.is_dir():
        return False
    if path.suffix.lower() in VIDEOS or path.is_char_device():
        return True
    return path.is_file() and not _begins_as_picture(path) and opened(source).isOpened()


def opened(source: str | int) -> cv2.VideoCapture:
    """OpenCV's reader of a file, address or camera's number, which may not be open."""
    # FFmpeg's own words on stderr; what went wrong is said once, in ours
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    with quiet():
        if isinstance(source, int) or is_address(source):
            return cv2.VideoCapture(source)
        with plain_path(source) as path:
            return cv2.VideoCapture(path)


def shown(source: str) -> str:
    """What is printed of a source: of an address not the user's name and password."""
    return re.sub(r"//[^/@]*@", "//", source) if is_address(source) else source


def _begins_as_picture(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        head = file.read(HEAD)
        return kind_of(head) is not None or is_heif(head)
    return True


class Frames:
    """The frames of a video file or camera, decoded ahead on a thread of their own.

    source: path, address, or number of a camera; of what is live, late frames are dropped. Raises FileNotFoundError or
    ValueError where there is no video that OpenCV reads, or no such camera. rate: frames a second that the file names,
    of one that varies the mean or less true than that; size: (width, height).
    """

    def __init__(self, source: str | Path):
        self.source = str(source)
        self._capture = self._open()
        self.live = self._is_live()
        self.rate = self._rate()
        self.expected = 0 if self.live else int(max(0, self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self.count = 0
        self._time, self._offset = 0.0, 0.0  # of the last frame; of its stamp
        self._queue: queue.Queue = queue.Queue(AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._first = self._first_frame()
        height, width = self._first.image.shape[:2]
        self.size = width, height

    def __enter__(self) -> Frames:
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._stop.set()
        self._thread.join()
        self._capture.release()

    def __iter__(self) -> Iterator[Frame]:
        yield self._first
        while (frame := self._queue.get()) is not None:
            yield frame

    @property
    def missing(self) -> int:
        """How many of the frames that a file promises could not be read: it is cut, or damaged, from there on.

        Where a format holds no count, OpenCV makes one of length and rate, which is no promise where the rate varies:
        so no more are missing than the time after the last frame has room for.
        """
        room = self.expected - 1 - round(self._time * self.rate)
        return max(0, min(self.expected - self.count, room))

    def _open(self) -> cv2.VideoCapture:
        source, camera = self.source, is_camera(self.source)
        if not (camera or is_address(source) or Path(source).exists()):
            raise FileNotFoundError(f"{source}: found no such file, expected a video")
        capture = opened(int(source) if camera else source)
        if not capture.isOpened():
            found = "no camera of that number" if camera else "no video that OpenCV reads"
            wanted = "one" if camera or is_address(source) else "one, such as .mp4"
            raise ValueError(f"{self._name()}: found {found}, expected {wanted}")
        return capture

    def _is_live(self) -> bool:
        """Whether frames come when they come: of a camera, and of a stream that promises no number of them."""
        if Path(self.source).is_file():
            return False
        return is_camera(self.source) or self._capture.get(cv2.CAP_PROP_FRAME_COUNT) <= 0

    def _name(self) -> str:
        return f"camera {self.source}" if is_camera(self.source) else shown(self.source)

    def _rate(self) -> float:
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        return rate if np.isfinite(rate) and 1 <= rate <= 1000 else RATE

    def _first_frame(self) -> Frame:
        frame = self._next_frame()
        if frame is None:
            self._capture.release()
            raise ValueError(f"{self._name()}: found no frame that can be read, expected a video")
        return frame

    def _next_frame(self) -> Frame | None:
        good, image = self._capture.read()
        stamp = clock.monotonic() if self.live else self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if not good or image is None:
            return None
        self._time = self._time_of(stamp)
        self.count += 1
        return Frame(self.count - 1, self._time, image)

    def _time_of(self, stamp: float) -> float:
        """The time of the next frame by its own stamp, seconds; without one, or where stamps stand still or begin
        again (joined recordings), a usual frame after the last one."""
        if self.count == 0:
            self._offset = -stamp
            return 0.0
        if not stamp + self._offset > self._time:
            self._offset = self._time + 1 / self.rate - stamp
        return stamp + self._offset

    def _read(self) -> None:
        """Fills the queue; of a camera, what nobody has fetched yet gives way to what is newer."""
        frame = self._next_frame()
        while frame is not None and not self._stop.is_set():
            if self.live and self._queue.full():
                self._discard()
            self._put(frame)
            frame = self._next_frame()
        self._put(None)

    def _discard(self) -> None:
        with suppress(queue.Empty):
            self._queue.get_nowait()

    def _put(self, frame: Frame | None) -> None:
        while not self._stop.is_set():
            try:
                return self._queue.put(frame, timeout=0.1)
            except queue.Full:
                continue


class VideoFile:
    """A video that is written frame by frame and takes its name when it is whole.

    path: ends in one of WRITABLE; rate: frames a second; size: (width, height). Raises ValueError for another suffix
    and where this OpenCV cannot write it.
    """

    def __init__(self, path: Path, rate: float, size: tuple[int, int]):
        if path.suffix.lower() not in WRITABLE:
            raise ValueError(f"{path}: found suffix {path.suffix!r}, expected one of {', '.join(WRITABLE)}")
        self.path, self.rate, self.size = path, rate, size

    def __enter__(self) -> VideoFile:
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self.path))
            self._writer = self._open(temporary)
            stack.callback(self._writer.release)
            self._open_file = stack.pop_all()
        return self

    def write(self, image: np.ndarray) -> None:
        """Adds a frame uint8 [height, width, 3] BGR."""
        self._writer.write(image)

    def __exit__(self, *error) -> None:
        self._open_file.__exit__(*error)

    def _open(self, temporary: Path) -> cv2.VideoWriter:
        with quiet(), plain_path(temporary) as path:
            code = cv2.VideoWriter.fourcc(*WRITABLE[self.path.suffix.lower()])
            writer = cv2.VideoWriter(path, code, self.rate, self.size)
        if not writer.isOpened():
            raise ValueError(
                f"{self.path}: found an OpenCV that cannot write it, expected one with FFmpeg; try --no-draw"
            )
        return writer


def frame_line(frame: Frame, faces: list[TrackedFace], whole: Means = ()) -> bytes:
    """What the JSON lines say of a frame: frame (from 0), time in seconds, faces as `face_entry` has them, with ids."""
    entry = {"frame": frame.index, "time": round(frame.time, 4), "faces": [face_entry(face, whole) for face in faces]}
    return json_line(entry).encode() + b"\n"
