"""A run over pictures: each searched, drawn and written, and then what belongs to all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..draw import contact_sheet
from ..faces.agreement import FACE
from ..faces.face import Face
from ..files.console import counted
from ..files.journal import Journal, read_entries
from ..files.pictures import write_picture
from ..files.points import write_csv, write_json
from ..files.reduced import Reduced
from ..geometry.boxes import picture_box
from ..landmarker import Landmarker
from .batch import SHEET_LIMIT, Batch, Done, Outputs, Task, tile_of
from .progress import Progress
from .window import close_window, show


@dataclass(frozen=True)
class PictureOptions:
    """What a run does besides finding faces.

    outputs: what is written of every picture; json, csv: files with all points; passes: of the network, None for what
    fits; boxes: landmark boxes by picture, instead of detection; whole: each picture is a face; resume: go on with a
    stopped run; workers: threads for pictures; settings: what the results depend on, for runs to be resumed only by
    their like.
    """

    outputs: Outputs
    json: tuple[Path, ...]
    csv: Path | None
    passes: int | None
    boxes: dict[str, np.ndarray] | None
    whole: bool
    resume: bool
    workers: int
    settings: dict


class PictureJob:
    """A run over pictures: what is to be done with each, and what has come together so far."""

    def __init__(
        self, options: PictureOptions, landmarker: Landmarker, another: Callable[[], Landmarker], tasks: list[Task]
    ):
        self.options, self.tasks = options, tasks
        self.batch = Batch(landmarker, another, self._find, options.outputs, options.workers)
        for file in [*options.json, *([options.csv] if options.csv else [])]:
            file.parent.mkdir(parents=True, exist_ok=True)
        self.journal = self._open_journal()
        self.showing = options.outputs.show
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
            print(
                f"{counted(len(self.journal), 'picture', be=True)} done; with --resume the run goes on", file=sys.stderr
            )
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

    def _find(self, landmarker: Landmarker, picture: Reduced, task: Task) -> list[Face]:
        image, passes = picture.image, self.options.passes
        if self.options.whole:
            (face,) = landmarker.fit_faces(image, picture_box(*image.shape[:2])[None], passes)
            # no detector has looked whether it is one
            return [replace(face, score=float(landmarker.scores(image, face.points[None])[0]))]
        if self.options.boxes is None:
            return landmarker.detect(image, passes)
        boxes = picture.reduced(self._boxes_of(task).reshape(-1, 2, 2)).reshape(-1, 4)
        return landmarker.fit_faces(image, boxes, passes)

    def _boxes_of(self, task: Task) -> np.ndarray:
        """The landmark boxes that are given of a picture, [N, 4]."""
        return (self.options.boxes or {}).get(task.name, np.zeros((0, 4)))

    def _keep(self, done: Done, progress: Progress) -> None:
        """Notes what came of one picture, and shows it if wanted."""
        if done.entry is None:
            progress.clear()
            print(done.error, file=sys.stderr, flush=True)
            self.failed.append(done.task.name)
            progress.step()
            return
        self.journal.add(done.entry)
        faces = len(done.entry["faces"])
        reduced = f", read at 1/{done.factor} of its size" if done.factor > 1 else ""
        progress.step(line=f"{done.task.name}: {_count(faces)}, {done.milliseconds:.0f} ms{reduced}")
        if done.tile is not None:
            self.tiles[done.task.index] = done.tile
        if self.showing and done.drawn is not None:
            self.showing = not show(done.drawn, 0)

    def _finish(self) -> int:
        """Writes the files with all points and the contact sheet, and sums up; the exit code."""
        options, names = self.options, [task.name for task in self.tasks]
        for file in options.json:
            write_json(file, self.journal.entries(names))
        if options.csv:
            contract = self.batch.contract
            write_csv(options.csv, self.journal.entries(names), contract.points.count, contract.tells_errors)
        if options.outputs.draw:
            self._write_sheet()
        if options.outputs.show:
            close_window()
        faces = [entry["faces"] for entry in self.journal.entries(names)]
        self.journal.remove()
        where = f"{options.outputs.out}{os.sep}" if options.outputs.draw else options.json[-1]
        count = counted(sum(map(len, faces)), "face")
        print(f"{len(faces)} of {len(names)} pictures, {count}{self._doubtful(faces)} -> {where}")
        if self.failed:
            print(f"not done: {', '.join(self.failed[:20])}{' ...' if len(self.failed) > 20 else ''}", file=sys.stderr)
        return 1 if self.failed else 0

    def _doubtful(self, faces: list[list[dict]]) -> str:
        """How many of the faces that were given, whole pictures, look like none."""
        if not self.options.whole:
            return ""
        scores = [face["score"] for some in faces for face in some if "score" in face]
        none = sum(score < FACE for score in scores)
        return f" ({none} of them {'looks' if none == 1 else 'look'} like none: score below {FACE:g})" if none else ""

    def _write_sheet(self) -> None:
        """The contact sheet of the first pictures, those of an earlier run read again."""
        tiles = []
        for task in self.tasks[:SHEET_LIMIT]:
            tile = self.tiles.get(task.index)
            if tile is None and task.name in self.journal:
                (entry,) = self.journal.entries([task.name])
                tile = tile_of(task, entry, self.batch.contract, self.options.outputs.errors)
            if tile is not None:
                tiles.append((tile, task.name))
        if tiles:
            images, captions = zip(*tiles, strict=True)
            write_picture(self.options.outputs.out / "contact_sheet.jpg", contact_sheet(images, captions))


def _count(faces: int) -> str:
    return counted(faces, "face") if faces else "no face found"
