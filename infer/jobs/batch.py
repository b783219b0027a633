"""Many pictures: read, searched, drawn and written by several threads, the results in order, memory constant."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ..draw import draw_faces, thumbnail
from ..faces.align import align
from ..files.atomic import write_text_atomically
from ..files.headers import UnknownKind
from ..files.names import drawn_names, file_stems
from ..files.pictures import PIXEL_LIMIT, write_picture
from ..files.points import picture_entry, pts_text
from ..files.reduced import Reduced, read_reduced
from ..landmarker import Face, Landmarker
from ..model.contract import Contract
from .ordered import in_order

SHEET_LIMIT = 64  # thumbnails on the contact sheet; more would be too small to see and grow with the number of pictures
THUMBNAIL = 320  # pixels


@dataclass(frozen=True)
class Task:
    """A picture to do: its place in the run, path, name (as the JSON has it), the name of its drawn picture, and the
    stem of the names of what is written of its faces."""

    index: int
    path: Path
    name: str
    output: str
    stem: str


def tasks_of(pictures: Sequence[tuple[Path, str]]) -> list[Task]:
    """The tasks of pictures (path, name); no two write to the same file, whatever folders they come from."""
    names = [name for _, name in pictures]
    outputs = drawn_names(names)
    stems = file_stems(outputs)
    return [
        Task(index, *picture, output, stem)
        for index, (picture, output, stem) in enumerate(zip(pictures, outputs, stems, strict=True))
    ]


@dataclass(frozen=True)
class Outputs:
    """What is written of every picture into the folder `out`: the drawn picture (with numbers, with circles of the
    expected errors), `.pts` files in `pts/`, aligned faces in `crops/`. show: the drawn picture comes back as well."""

    out: Path
    draw: bool = True
    numbers: bool = False
    errors: bool = False
    pts: bool = False
    crops: bool = False
    show: bool = False


@dataclass(frozen=True)
class Done:
    """What came of a picture: its entry, or the one-line error; with it the thumbnail and drawn picture if wanted, and
    how much it was reduced."""

    task: Task
    entry: dict | None = None
    error: str = ""
    milliseconds: float = 0.0
    tile: np.ndarray | None = None
    drawn: np.ndarray | None = None
    factor: int = 1


class Batch:
    """Does pictures, in as many threads as asked for.

    landmarker: one thread's; another: makes those of the others; find: of (landmarker, picture, task) the faces in the
    picture's image;
    outputs: what to write; workers: threads. OpenCV's own threads should be one then: `cv2.setNumThreads(1)`.
    """

    def __init__(
        self,
        landmarker: Landmarker,
        another: Callable[[], Landmarker],
        find: Callable[[Landmarker, Reduced, Task], list[Face]],
        outputs: Outputs,
        workers: int = 1,
    ):
        self.contract, self._spare, self._another = landmarker.contract, [landmarker], another
        self._find, self.outputs, self.workers = find, outputs, workers
        self._own = threading.local()

    def run(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """What comes of each picture, in order; a file that cannot be done comes back with its error."""
        for folder in self._folders():
            folder.mkdir(parents=True, exist_ok=True)
        return in_order(self._do, tasks, min(self.workers, max(1, len(tasks))))

    def is_written(self, task: Task, entry: dict) -> bool:
        """Whether all files that are wanted of a picture with that entry are there."""
        return all(file.is_file() for file in self.files(task, len(entry["faces"])))

    def files(self, task: Task, faces: int) -> list[Path]:
        """The files that are written of a picture with so many faces."""
        outputs, names = self.outputs, _names(task, faces)
        files = [outputs.out / task.output] if outputs.draw else []
        files += [outputs.out / "pts" / f"{name}.pts" for name in names] if outputs.pts else []
        return files + ([outputs.out / "crops" / f"{name}.png" for name in names] if outputs.crops else [])

    def _folders(self) -> list[Path]:
        outputs = self.outputs
        chosen = {".": outputs.draw, "pts": outputs.pts, "crops": outputs.crops}
        return [outputs.out / name for name, asked in chosen.items() if asked]

    def _do(self, task: Task) -> Done:
        landmarker = self._landmarker()
        try:
            picture, began = read_reduced(task.path, PIXEL_LIMIT), time.perf_counter()
            faces = self._find(landmarker, picture, task)
        except (FileNotFoundError, ValueError, MemoryError, cv2.error) as error:
            return Done(task, error=one_line(error, task.path))
        milliseconds = (time.perf_counter() - began) * 1000
        whole = [_in_full(face, picture) for face in faces]
        entry = picture_entry(task.name, picture.shape, whole, self.contract.points.whole)
        self._write_pts(whole, task)
        try:
            return Done(task, entry, "", milliseconds, *self._write(picture.image, faces, task), picture.factor)
        except (MemoryError, cv2.error) as error:  # a full disk, in contrast, ends the run
            return Done(task, error=one_line(error, task.path))

    def _landmarker(self) -> Landmarker:
        """This thread's own."""
        if not hasattr(self._own, "landmarker"):
            try:
                self._own.landmarker = self._spare.pop()
            except IndexError:
                self._own.landmarker = self._another()
        return self._own.landmarker

    def _write(self, image, faces, task: Task) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Writes the picture's own files; its thumbnail and the drawn picture, where they are wanted."""
        outputs, contract, points = self.outputs, self.contract, [face.points for face in faces]
        marks = (points, contract.points.groups, contract.points.lines)
        errors = [face.errors for face in faces] if outputs.errors else []
        for name, face in zip(_names(task, len(faces)), faces, strict=True):
            if outputs.crops:
                write_picture(outputs.out / "crops" / f"{name}.png", align(image, face.points, contract.points.five))
        if not (outputs.draw or outputs.show):
            return None, None
        drawn = draw_faces(image, *marks, outputs.numbers, errors=errors)
        if outputs.draw:
            write_picture(outputs.out / task.output, drawn)
        wanted = outputs.draw and task.index < SHEET_LIMIT
        tile = thumbnail(image, *marks, THUMBNAIL, errors) if wanted else None
        return tile, drawn if outputs.show else None

    def _write_pts(self, faces: list[Face], task: Task) -> None:
        for name, face in zip(_names(task, len(faces)), faces, strict=True):
            if self.outputs.pts:
                write_text_atomically(self.outputs.out / "pts" / f"{name}.pts", pts_text(face.points))


def tile_of(task: Task, entry: dict, contract: Contract, errors: bool) -> np.ndarray | None:
    """The thumbnail of a picture done by an earlier run, with its errors or without; None where it cannot be read any
    more."""
    try:
        picture = read_reduced(task.path, PIXEL_LIMIT)
    except (FileNotFoundError, ValueError):
        return None
    points = [picture.reduced(face["points"]) for face in entry["faces"]]
    known = [face.get("errors") for face in entry["faces"]] if errors else []
    off = [some and np.array(some) / picture.factor for some in known]
    return thumbnail(picture.image, points, contract.points.groups, contract.points.lines, THUMBNAIL, off)


def one_line(error: Exception, path: Path) -> str:
    """What is said of a file that cannot be done."""
    if isinstance(error, MemoryError):
        return f"{path}: found no memory for it, expected a smaller picture"
    text = " ".join(str(error).split())
    if isinstance(error, UnknownKind):
        return f"{text}, or a video that OpenCV opens"
    return text if isinstance(error, (ValueError, FileNotFoundError)) else f"{path}: {text}"


def _in_full(face: Face, picture: Reduced) -> Face:
    """A face of the image in pixels of the full picture."""
    if picture.factor == 1:
        return face
    box = picture.full(face.box.reshape(2, 2)).reshape(4)
    errors = None if face.errors is None else face.errors * picture.factor
    return replace(face, box=box, points=picture.full(face.points), errors=errors)


def _names(task: Task, faces: int) -> list[str]:
    """Names for what is written of each face: the picture's stem, numbered where there are several."""
    return [task.stem] if faces == 1 else [f"{task.stem}_{number}" for number in range(1, faces + 1)]
