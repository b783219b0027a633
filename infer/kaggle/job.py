"""A run over the faces of Kaggle's `test.csv`: the submission, and what is written of pictures otherwise."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..draw import contact_sheet, thumbnail
from ..files.console import counted
from ..files.pictures import write_picture
from ..files.points import picture_entry, write_csv, write_json
from ..jobs.progress import Progress
from ..landmarker import Landmarker
from .files import Asked, check_features, locations, read_faces, read_lookup, whole_picture_box, write_submission

SHOWN, TILE = 64, 192  # faces on the contact sheet, and pixels of each


@dataclass(frozen=True)
class SubmissionOptions:
    """What is written: submission; out: the folder of contact sheet and points.json, None for neither; json, csv: all
    points to these files as well; lookup: the lookup table; passes: of the network."""

    submission: Path
    lookup: Path
    out: Path | None
    json: tuple[Path, ...] = ()
    csv: Path | None = None
    passes: int = 1


class SubmissionJob:
    """A run over the faces of one file: what came of them so far."""

    def __init__(self, options: SubmissionOptions, landmarker: Landmarker, file: Path):
        self.options, self.landmarker, self.file = options, landmarker, Path(file)
        self.points: dict[str, np.ndarray] = {}
        self.entries: list[dict] = []
        self.tiles: list[tuple[np.ndarray, str]] = []
        self.failed: list[str] = []

    def run(self) -> int:
        """Answers every face, then writes; the exit code. Raises what the readers raise, and ValueError for points
        that the network does not have, and for faces that the file does not."""
        asked = read_lookup(self.options.lookup)
        progress = Progress(self._check(asked), "faces")
        try:
            for name, image in read_faces(self.file):
                self._do(name, image)
                progress.step()
        finally:
            progress.clear()
        self._fill_failed()
        values = locations(asked, self.points, self.landmarker.contract.points.names)
        self._write(asked, values)
        found = f"{counted(len(self.entries), 'face')}, {counted(len(values), 'location')}"
        print(f"{found} -> {self.options.submission}")
        return 1 if self.failed else 0

    def _check(self, asked: Sequence[Asked]) -> int:
        """How many faces the file has, read once through: whatever would end the run does so before any work is
        done."""
        contract = self.landmarker.contract
        check_features(asked, contract.points.names)
        blank = dict.fromkeys((name for name, _ in read_faces(self.file)), np.zeros((contract.points.count, 2)))
        locations(asked, blank, contract.points.names)
        return len(blank)

    def _do(self, name: str, image: np.ndarray | str) -> None:
        """The points of one face; a row that is none is named."""
        if isinstance(image, str):
            print(image, file=sys.stderr, flush=True)
            self.failed.append(name)
            return
        contract, box = self.landmarker.contract, whole_picture_box(*image.shape)
        (face,) = self.landmarker.fit_faces(image, [box], self.options.passes)
        self.points[name] = face.points
        self.entries.append(picture_entry(f"{self.file.name}#{name}", image.shape, [face], contract.points.whole))
        if self.options.out and len(self.tiles) < SHOWN:
            grey = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
            self.tiles.append(
                (thumbnail(grey, [face.points], contract.points.groups, contract.points.lines, TILE), name)
            )

    def _fill_failed(self) -> None:
        """Gives faces that could not be read the mean of the others: Kaggle refuses a submission that lacks rows."""
        if not self.points:
            raise ValueError(f"{self.file}: found no readable face, expected at least one")
        mean = np.mean(list(self.points.values()), axis=0)
        self.points.update((name, mean) for name in self.failed)

    def _write(self, asked: Sequence[Asked], values: Sequence[float]) -> None:
        options = self.options
        own = [options.out / "points.json"] if options.out else []
        for path in (options.submission, *own, *options.json, *([options.csv] if options.csv else [])):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_submission(options.submission, asked, values)
        for path in (*own, *options.json):
            write_json(path, self.entries)
        if options.csv:
            write_csv(options.csv, self.entries, self.landmarker.contract.points.count)
        if options.out:
            images, captions = zip(*self.tiles, strict=True)
            write_picture(options.out / "contact_sheet.jpg", contact_sheet(images, captions, size=TILE))
