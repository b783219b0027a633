"""A run over the frames of one video or camera: faces followed, drawn and written."""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..draw import draw_faces
from ..faces.face import TrackedFace
from ..files.atomic import atomic_file
from ..files.console import counted, speakable
from ..files.names import drawn_names
from ..landmarker import Landmarker
from ..video import frames as video
from ..video.tracker import Tracker, TrackerSettings
from .batch import Outputs
from .progress import Progress
from .window import close_window, show

AHEAD = 4  # frames that may wait to be drawn and written
LAST_FRAMES = 2  # so many frames less than a file promises are no sign of damage: some formats only estimate


@dataclass(frozen=True)
class VideoOptions:
    """outputs: what is written, its `pts` and `crops` apart, which are of pictures; tracking: how to follow."""

    outputs: Outputs
    tracking: TrackerSettings = TrackerSettings()


class VideoJob:
    """A run over the frames of one video or camera."""

    def __init__(self, options: VideoOptions, landmarker: Landmarker, source: str, output: str):
        self.outputs, self.tracking = options.outputs, options.tracking
        self.landmarker, self.source, self.name = landmarker, source, video.shown(source)
        self.video = self.outputs.out / output
        self.lines = self.video.with_suffix(".jsonl")
        self.ids: set[int] = set()
        self.ended = False  # by the user

    def run(self) -> int:
        """Follows the faces to the end, or until q, Esc or Ctrl-C of a camera; the exit code."""
        with video.Frames(self.source) as frames:
            self.outputs.out.mkdir(parents=True, exist_ok=True)
            progress = Progress(frames.expected or None, "frames")
            try:
                count = self._write_all(frames, progress)
            finally:
                progress.clear()
                if self.outputs.show:
                    close_window()
        found = f"{counted(count, 'frame')}, {counted(len(self.ids), 'face')}"
        print(f"{self.name}: {found}, {progress.rate:.0f} frames/s -> {self.lines}")
        return self._exit_code(frames)

    def _exit_code(self, frames: video.Frames) -> int:
        """1 where frames are missing that the file promises, which is said; else 0."""
        if self.ended or frames.missing <= max(LAST_FRAMES, frames.expected // 100):
            return 0
        found = f"found {frames.count} frames, expected {frames.expected}: cut or damaged from there on"
        print(f"{self.name}: {found}", file=sys.stderr)
        return 1

    def _write_all(self, frames: video.Frames, progress: Progress) -> int:
        """Frames done, each drawn and written on a second thread while the next one is followed."""
        tracker, count = Tracker(self.landmarker, self.tracking), 0
        with ExitStack() as open_files:
            lines = open_files.enter_context(atomic_file(self.lines))
            drawn = self._open_video(frames, open_files)
            pool = open_files.enter_context(ThreadPoolExecutor(1))
            waiting: deque[Future[np.ndarray | None]] = deque()
            try:
                for frame in frames:
                    faces = tracker(frame.image, frame.time)
                    self.ids |= {face.id for face in faces}
                    waiting.append(pool.submit(self._write_frame, frame, faces, lines, drawn))
                    count += 1
                    progress.step()
                    if self._is_over(waiting):
                        break
            except KeyboardInterrupt:
                if not frames.live:
                    raise
                self.ended = True
            for last in waiting:
                last.result()
        return count

    def _open_video(self, frames: video.Frames, open_files: ExitStack) -> video.VideoFile | None:
        if not self.outputs.draw:
            return None
        return open_files.enter_context(video.VideoFile(self.video, frames.rate, frames.size))

    def _write_frame(
        self, frame: video.Frame, faces: list[TrackedFace], lines: BinaryIO, drawn: video.VideoFile | None
    ) -> np.ndarray | None:
        """Writes what is wanted of one frame; the drawn one, to be shown."""
        contract = self.landmarker.contract
        lines.write(video.frame_line(frame, faces, contract.points.whole))
        if drawn is None and not self.outputs.show:
            return None
        points, names = [face.points for face in faces], [str(face.id) for face in faces]
        marks = (points, contract.points.groups, contract.points.lines)
        errors = [face.errors for face in faces] if self.outputs.errors else []
        image = draw_faces(frame.image, *marks, self.outputs.numbers, names, errors)
        if drawn is not None:
            drawn.write(image)
        return image

    def _is_over(self, waiting: deque[Future[np.ndarray | None]]) -> bool:
        """Takes frames that are written, when enough wait or all are to be shown; whether the user has had enough."""
        while len(waiting) > (0 if self.outputs.show else AHEAD):
            image = waiting.popleft().result()
            if image is not None and self.outputs.show:
                self.ended = show(image, 1)
        return self.ended


def video_names(sources: Sequence[str]) -> list[str]:
    """Names of the drawn videos, no two alike."""
    return drawn_names([f"{_stem(source)}.mp4" for source in sources], tuple(video.WRITABLE), ".mp4")


def _stem(source: str) -> str:
    if video.is_camera(source):
        return f"camera{source}"
    if video.is_address(source):  # its last part, without what would be no name of a file
        place = video.shown(source).partition("?")[0].rstrip("/").rpartition("/")[2]
        return re.sub(r"[^\w.-]", "_", Path(place).stem)
    return speakable(Path(source).stem)
