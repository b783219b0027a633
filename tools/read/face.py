"""What every data-set reader hands over: items found in a folder, and the face that one item holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from records.landmarks import IBUG_68, Scheme

NO_POSE = np.full(3, np.nan, np.float32)
AUTO, UPRIGHT, STORED = ORIENTATIONS = ("auto", "upright", "stored")  # how pictures that EXIF turns are taken

Remark = tuple[str, str]  # what one should know of a face that was taken: the kind, by which it is counted, and words


class BadSample(ValueError):
    """A sample that can't become a record; `reason` is the short kind that the manifest counts by."""

    def __init__(self, reason: str, message: str):
        super().__init__(reason, message)  # both, so that it survives the way between processes
        self.reason, self.message = reason, message

    def __str__(self):
        return self.message


@dataclass(frozen=True)
class Item:
    """One face of a data set, or a picture with all its faces, not read yet.

    dataset: name of the set; subset: its part; name: unique within the part; source: what must not be split (a photo, a
    person); picture, annotation: files; mirrored: its points stand for the unmirrored picture and have to be flipped;
    format: the reader's; scheme: of its points; data: what the reader has learned of the face already, where one file
    describes many; copy: 1 and up for the further records of a face that counts several times; orientation: one of
    ORIENTATIONS, "auto": as its format has it; further: more files that annotate its picture.
    """

    dataset: str
    subset: str
    name: str
    source: str
    picture: Path
    annotation: Path
    mirrored: bool = False
    format: str = "300w-lp"
    scheme: Scheme = field(default=IBUG_68, repr=False, compare=False)
    data: Any = field(default=None, repr=False, compare=False)
    copy: int = 0
    orientation: str = AUTO
    further: tuple[Path, ...] = field(default=(), repr=False, compare=False)

    @property
    def part(self) -> str:
        """The full name of its subset, `<dataset>/<subset>`."""
        return f"{self.dataset}/{self.subset}"

    @property
    def key(self) -> str:
        """The item's full name, `<dataset>/<subset>/<name>`."""
        return f"{self.part}/{self.name}"

    @property
    def files(self) -> tuple[Path, ...]:
        """What it is read from: its picture, and what annotates it."""
        return (self.picture, self.annotation, *self.further)


@dataclass(frozen=True)
class AnnotatedFace:
    """An annotated face in its picture.

    image: uint8 [height, width, 3] BGR, the way its points count in it (`tools.read.placing`); points: float32 [K, 2]
    in pixels, 0-based, pixel centres at whole numbers, NaN where unknown; box: the landmark box (x0, y0, x1, y1) of
    all points, known or not;
    pose: pitch, yaw, roll in radians, float32 [3], NaN where unknown; scheme: of the points; remarks: what one should
    know of it. Raises ValueError for points of another number.
    """

    image: np.ndarray
    points: np.ndarray
    box: np.ndarray
    pose: np.ndarray = field(default_factory=NO_POSE.copy)
    scheme: Scheme = IBUG_68
    remarks: tuple[Remark, ...] = ()

    def __post_init__(self) -> None:
        if self.points.shape != (self.scheme.count, 2):
            expected = f"expected ({self.scheme.count}, 2) of {self.scheme.name}"
            raise ValueError(f"face: found points {self.points.shape}, {expected}")
