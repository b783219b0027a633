"""The two things that the command does: a run over pictures, and one over the frames of a video or camera."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import cv2
import numpy as np

from ..draw import contact_sheet, draw_faces
from ..faces.face import Face, TrackedFace, face_of
from ..files.atomic import atomic_file
from ..files.journal import Journal, read_entries
from ..files.points import drawn_names, write_csv, write_json, write_picture
from ..geometry.boxes import picture_box
from ..landmarker import Landmarker
from ..video import frames as video
from ..video.tracker import Settings, Tracker
from .batch import SHEET_LIMIT, Batch, Done, Task, Wanted, tile_of
from .progress import Progress

WINDOW = "landmark68"
AHEAD = 4  # frames that may wait to be drawn and written
LAST_FRAMES = 2  # so many frames less than a file promises are no sign of damage: some formats only estimate


@dataclass(frozen=True)
class Options:
    """What a run does besides finding faces.

    wanted: what is written of every picture; json, csv: files with all points; passes: of the network; boxes: landmark
    boxes by picture, instead of detection; whole: each picture is a face; resume: go on with a stopped run; workers:
    threads for pictures; settings: what the results depend on, for runs to be resumed only by their like.
    """

    wanted: Wanted
    json: tuple[Path, ...]
    csv: Path | None
    passes: int
    boxes: dict[str, np.ndarray] | None
    whole: bool
    resume: bool
    workers: int
    settings: dict


class PictureJob:
    """A run over pictures: what is to be done with each, and what has come together so far."""

    def __init__(self, options: Options, landmarker: Landmarker, another: Callable[[], Landmarker], tasks: list[Task]):
        self.options, self.tasks = options, tasks
        self.batch = Batch(landmarker, another, self._find, options.wanted, options.workers)
        for file in [*options.json, *([options.csv] if options.csv else [])]:
            file.parent.mkdir(parents=True, exist_ok=True)
        self.journal = self._open_journal()
        self.showing = options.wanted.show
        self.tiles: dict[int, np.ndarray] = {}
        self.failed: list[str] = []

    def run(self) -> int:
        """Does all pictures and writes what belongs to all of them; the exit code."""
        left = [task for task in self.tasks if not self._is_done(task)]
        if len(left) < len(self.tasks):
            print(f"{len(self.tasks) - len(left)} of {len(self.tasks)} pictures were done before", flush=True)
        progress = Progress(len(left), "pictures", named=True)
        try:
            for done in self.batch.run(left):
                self._keep(done, progress)
        except BaseException:
            progress.clear()
            self.journal.close()
            print(f"{len(self.journal)} pictures are done; with --resume the run goes on", file=sys.stderr)
            raise
        progress.clear()
        return self._finish()

    def _open_journal(self) -> Journal:
        """The journal beside the first JSON file; of a finished run, made anew from that file."""
        points = self.options.json[0]
        path = points.with_name(f".{points.name}.part")
        begun = path.is_file()
        journal = Journal(path, self.options.settings, self.options.resume)
        if self.options.resume and not begun and points.is_file():
            for entry in read_entries(points):
                journal.add(entry)
        return journal

    def _is_done(self, task: Task) -> bool:
        entries = list(self.journal.entries([task.name])) if self.options.resume else []
        return bool(entries) and self.batch.is_written(task, entries[0])

    def _find(self, landmarker: Landmarker, image: np.ndarray, task: Task) -> list[Face]:
        options = self.options
        if options.boxes is None and not options.whole:
            return landmarker.detect(image, options.passes)
        height, width = image.shape[:2]
        boxes = picture_box(height, width)[None]
        if not options.whole:
            boxes = options.boxes.get(task.name, options.boxes.get(task.path.as_posix(), np.zeros((0, 4))))
        return [face_of(points) for points in landmarker.fit(image, boxes, options.passes)]

    def _keep(self, done: Done, progress: Progress) -> None:
        """Notes what came of one picture, and shows it if wanted."""
        if done.error:
            progress.clear()
            print(done.error, file=sys.stderr, flush=True)
            self.failed.append(done.task.name)
            progress.step()
            return
        self.journal.add(done.entry)
        faces = len(done.entry["faces"])
        progress.step(line=f"{done.task.name}: {_count(faces)}, {done.milliseconds:.0f} ms")
        if done.tile is not None:
            self.tiles[done.task.index] = done.tile
        if self.showing and done.drawn is not None:
            cv2.imshow(WINDOW, done.drawn)
            self.showing = not _is_end(cv2.waitKey(0))

    def _finish(self) -> int:
        """Writes the files with all points and the contact sheet, and sums up; the exit code."""
        options, names = self.options, [task.name for task in self.tasks]
        for file in options.json:
            write_json(file, self.journal.entries(names))
        if options.csv:
            write_csv(options.csv, self.journal.entries(names), self.batch.contract.points.count)
        if options.wanted.draw:
            self._write_sheet()
        if options.wanted.show:
            cv2.destroyAllWindows()
        faces = [len(entry["faces"]) for entry in self.journal.entries(names)]
        self.journal.remove()
        where = f"{options.wanted.out}{os.sep}" if options.wanted.draw else options.json[-1]
        print(f"{len(faces)} of {len(names)} pictures, {sum(faces)} faces -> {where}")
        if self.failed:
            print(f"not done: {', '.join(self.failed[:20])}{' ...' if len(self.failed) > 20 else ''}", file=sys.stderr)
        return 1 if self.failed else 0

    def _write_sheet(self) -> None:
        """The contact sheet of the first pictures, those of an earlier run read again."""
        tiles = []
        for task in self.tasks[:SHEET_LIMIT]:
            tile = self.tiles.get(task.index)
            if tile is None and task.name in self.journal:
                (entry,) = self.journal.entries([task.name])
                tile = tile_of(task, entry, self.batch.contract)
            if tile is not None:
                tiles.append((tile, task.name))
        if tiles:
            images, captions = zip(*tiles, strict=True)
            write_picture(self.options.wanted.out / "contact_sheet.jpg", contact_sheet(images, captions))


@dataclass(frozen=True)
class VideoOptions:
    """out: folder for the drawn video and the JSON lines; draw, show: the drawn frames; tracking: how to follow."""

    out: Path
    draw: bool = True
    show: bool = False
    numbers: bool = False
    tracking: Settings = Settings()


class VideoJob:
    """A run over the frames of one video or camera."""

    def __init__(self, options: VideoOptions, landmarker: Landmarker, source: str, output: str):
        self.options, self.landmarker, self.source = options, landmarker, source
        self.video, self.lines = options.out / output, (options.out / output).with_suffix(".jsonl")
        self.ids: set[int] = set()

    def run(self) -> int:
        """Follows the faces to the end, or until q, Esc or Ctrl-C of a camera; the exit code."""
        with video.Frames(self.source) as frames:
            self.options.out.mkdir(parents=True, exist_ok=True)
            progress = Progress(frames.expected or None, "frames")
            try:
                count = self._write_all(frames, progress)
            finally:
                progress.clear()
                if self.options.show:
                    cv2.destroyAllWindows()
        print(f"{self.source}: {count} frames, {len(self.ids)} faces, {progress.rate:.0f} frames/s -> {self.lines}")
        if frames.missing > max(LAST_FRAMES, frames.expected // 100) and not self.ended:
            found, promised = frames.count, frames.expected
            print(
                f"{self.source}: found {found} frames, expected {promised}: cut or damaged from there on",
                file=sys.stderr,
            )
            return 1
        return 0

    def _write_all(self, frames: video.Frames, progress: Progress) -> int:
        """Frames done, each drawn and written on a second thread while the next one is followed."""
        tracker, count, self.ended = Tracker(self.landmarker, self.options.tracking), 0, False
        with ExitStack() as open_files:
            lines = open_files.enter_context(atomic_file(self.lines))
            wanted = self.options.draw
            drawn = open_files.enter_context(video.VideoFile(self.video, frames.rate, frames.size)) if wanted else None
            pool, waiting = open_files.enter_context(ThreadPoolExecutor(1)), deque()
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

    def _write_frame(
        self, frame: video.Frame, faces: list[TrackedFace], lines: BinaryIO, drawn: video.VideoFile | None
    ) -> np.ndarray | None:
        """Writes what is wanted of one frame; the drawn one, to be shown."""
        contract = self.landmarker.contract
        lines.write(video.frame_line(frame, faces, contract.points.scheme))
        if drawn is None and not self.options.show:
            return None
        points, names = [face.points for face in faces], [str(face.id) for face in faces]
        image = draw_faces(
            frame.image, points, contract.points.groups, contract.points.lines, self.options.numbers, names
        )
        if drawn is not None:
            drawn.write(image)
        return image

    def _is_over(self, waiting: deque) -> bool:
        """Takes frames that are written, when enough wait or all are to be shown; whether the user has had enough."""
        while len(waiting) > (0 if self.options.show else AHEAD):
            image = waiting.popleft().result()
            if self.options.show:
                cv2.imshow(WINDOW, image)
                self.ended = _is_end(cv2.waitKey(1))
        return self.ended


def video_names(sources: list[str]) -> list[str]:
    """Names of the drawn videos, no two alike."""
    plain = [
        f"camera{source}" if video.is_camera(source) else PurePosixPath(Path(source).as_posix()).name
        for source in sources
    ]
    return drawn_names([PurePosixPath(name).stem + ".mp4" for name in plain], tuple(video.WRITABLE), ".mp4")


def _is_end(key: int) -> bool:
    return key & 0xFF in (ord("q"), 27)


def _count(faces: int) -> str:
    return f"{faces} face{'s' if faces > 1 else ''}" if faces else "no face found"
