"""What every reader of scenes hands over: what a file says of a picture with all its faces, and that picture.

The five points are, in this order: the centre of the subject's right eye (left in an upright picture), of the left one,
tip of the nose, right and left corner of the mouth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from infer.geometry.oriented import oriented_from, roll_of
from records.split import source_of_picture
from tools.read.face import BadSample, Item, Remark
from tools.read.listing import ListingFormat
from tools.read.marks import subset_of, where
from tools.read.placing import Size, place

FIVE = 5  # points a face


@dataclass(frozen=True, eq=False)
class SceneMarks:
    """What a file says of a picture's faces.

    box: float64 [N, 4], tight around the 68 points, x0 y0 x1 y1 in pixels, 0-based; five: [N, 5, 2], NaN: unknown; by:
    N words, who says so; ignore: [M, 4]; size, upright: as `tools.read.marks.Marks` has them; fault: reason and message
    of a `BadSample`; remarks: on what the file says.
    """

    box: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    five: np.ndarray = field(default_factory=lambda: np.zeros((0, FIVE, 2)))
    by: tuple[str, ...] = ()
    ignore: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    size: Size | None = None
    upright: bool = False
    fault: tuple[str, str] | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, eq=False)
class Places:
    """Where the faces of a picture are, in its pixels: float64 oriented [N, 5], box [N, 4], five [N, 5, 2] and ignore
    [M, 4], and who says so, N words."""

    oriented: np.ndarray
    box: np.ndarray
    five: np.ndarray
    by: tuple[str, ...]
    ignore: np.ndarray

    def scaled(self, scale: np.ndarray) -> Places:
        """The places in the picture scaled by x and y [2], nearly alike; pixel centres at whole numbers in both."""

        def moved(places: np.ndarray) -> np.ndarray:
            return (places + 0.5) * np.resize(scale, places.shape[-1]) - 0.5

        sizes = self.oriented[:, 2:4] * np.sqrt(scale.prod())
        oriented = np.concatenate([moved(self.oriented[:, :2]), sizes, self.oriented[:, 4:]], axis=1)
        return Places(oriented, moved(self.box), moved(self.five), self.by, moved(self.ignore))


@dataclass(frozen=True, eq=False)
class AnnotatedScene:
    """A picture uint8 [height, width, 3] BGR with all its faces, and remarks on it."""

    image: np.ndarray
    places: Places
    remarks: tuple[Remark, ...] = ()


def scene_of(item: Item, marks: SceneMarks) -> AnnotatedScene:
    """The scene of an item from what its file says; heads lean as their five points do. Raises BadSample."""
    if marks.fault:
        raise BadSample(*marks.fault)
    placed = place(item, marks.size, marks.upright)
    box, ignore = (placed.moved(checked(boxes, where(item))) for boxes in (marks.box, marks.ignore))
    five = placed.moved(marks.five)
    places = Places(oriented_from(box, roll_of(five)), box, five, marks.by, ignore)
    return AnnotatedScene(placed.image, places, marks.remarks + placed.remarks)


def unknown_five(count: int) -> np.ndarray:
    """The five points of so many faces of which a box alone is known: NaN [count, 5, 2]."""
    return np.full((count, FIVE, 2), np.nan)


def checked(boxes: np.ndarray, place: str) -> np.ndarray:
    """The boxes [N, 4]. Raises BadSample where one has no width or height, or a side that is no number."""
    sound = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    if not sound.all():
        message = f"{place}: found the box {boxes[~sound][0].tolist()}, expected x0 < x1 and y0 < y1"
        raise BadSample("impossible box", message)
    return boxes


@dataclass(frozen=True)
class SceneListing(ListingFormat):
    """A format of files that list pictures with their faces, as a reader of them: an item a picture, named as it is."""

    @property
    def FORMAT(self) -> str:
        """The format's name, as modules that are readers have it."""
        return self.format

    def matches(self, path: Path) -> bool:
        """Whether the path is such a file, or a folder of such; opens their beginnings alone."""
        return bool(self.files(path))

    def read(self, item: Item) -> AnnotatedScene:
        """The scene of an item. Raises BadSample."""
        return scene_of(item, item.data)

    def items(self, file: Path, entries: Iterable[tuple[Path, Any]], dataset: str) -> list[Item]:
        """The items of the pictures that a file lists, in its order.

        Subset: the picture's folder, seen from the file's.
        """
        return [self._item(file, dataset, *entry) for entry in entries]

    def _item(self, file: Path, dataset: str, picture: Path, marks: SceneMarks) -> Item:
        subset, source = subset_of(picture, file.parent), source_of_picture(picture)
        return Item(dataset, subset, picture.stem, source, picture, file, format=self.format, data=marks)
