"""What every reader of scenes hands over: what a file says of a picture with all its faces, and that picture.

The five points are, in this order: the centre of the subject's right eye (left in an upright picture), of the left one,
tip of the nose, right and left corner of the mouth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

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
class AnnotatedScene:
    """A picture uint8 [height, width, 3] BGR with all its faces: float64 oriented [N, 5], box [N, 4], five [N, 5, 2]
    and ignore [M, 4] in its pixels, by N words, remarks."""

    image: np.ndarray
    oriented: np.ndarray
    box: np.ndarray
    five: np.ndarray
    by: tuple[str, ...]
    ignore: np.ndarray
    remarks: tuple[Remark, ...] = ()


def scene_of(item: Item, marks: SceneMarks) -> AnnotatedScene:
    """The scene of an item from what its file says; heads lean as their five points do. Raises BadSample."""
    if marks.fault:
        raise BadSample(*marks.fault)
    placed = place(item, marks.size, marks.upright)
    box, ignore = (placed.moved(checked(boxes, where(item))) for boxes in (marks.box, marks.ignore))
    five = placed.moved(marks.five)
    oriented = oriented_from(box, roll_of(five))
    return AnnotatedScene(placed.image, oriented, box, five, marks.by, ignore, marks.remarks + placed.remarks)


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
    """A format of files that list pictures with their faces: one item a picture, named as the picture is."""

    def items(self, file: Path, dataset: str) -> list[Item]:
        """The items of the pictures in a file, in its order. Subset: the picture's folder, seen from the file's."""
        return [self._item(file, dataset, *entry) for entry in self.parse(file)]

    def _item(self, file: Path, dataset: str, picture: Path, marks: SceneMarks) -> Item:
        subset, source = subset_of(picture, file.parent), source_of_picture(picture)
        return Item(dataset, subset, picture.stem, source, picture, file, format=self.format, data=marks)
