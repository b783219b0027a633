"""What files of a detector are compared with: pictures of several sizes, and the original's maps of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from export.formats import FORMATS, Format
from export.parity import Difference, deviations
from export.runtimes import Answer
from export.signature import Signature
from infer.files.pictures import read_picture

ROOT = Path(__file__).resolve().parents[1]
SIZES = ((96, 160), (256, 448), (320, 320))  # height, width
COMPARED = 4  # pictures of each size
BATCHES = (1, 3)  # so many of them at once
LIMITS = {"pb": 1e-4, "pb16": 1e-2, "onnx": 1e-4, "tflite": 1e-4}  # as `CellReference` measures


@dataclass(frozen=True)
class CellReference:
    """A `Reference` of the network's signature, pictures float32 [N, H, W, 3] RGB 0..255, a batch of each size, and the
    original's answers to each: float32 [N, h, w, FIELDS] of each level.

    A difference is a fraction of the field's unit (`infer.geometry.cells`), or of the field's value where that is more.
    """

    signature: Signature
    pictures: Sequence[np.ndarray]
    answers: Sequence[Sequence[np.ndarray]]

    @property
    def unit(self) -> str:
        return "fraction of a field's unit"

    @property
    def compared(self) -> dict[str, Any]:
        sizes = [list(images.shape[1:3]) for images in self.pictures]
        return {"pictures": sum(map(len, self.pictures)), "sizes": sizes}

    def difference(self, who: str, answer: Answer) -> Difference:
        """Of all numbers of all levels, the file loaded once: a size after the other, and the first one again."""
        found = []
        for images, expected in [*zip(self.pictures, self.answers, strict=True), (self.pictures[0], self.answers[0])]:
            off = deviations(who, answer, images, expected, BATCHES)
            found += [(one / np.maximum(1, np.abs(level))).ravel() for one, level in zip(off, expected, strict=True)]
        return Difference(float(np.max([one.max() for one in found])), float(np.concatenate(found).mean()))

    def said(self, found: Difference) -> str:
        sizes = [f"{width}x{height}" for height, width in self.compared["sizes"]]
        return f"{self.compared['pictures']} pictures of {', '.join(sizes)}"


def cell_reference(answer: Answer, signature: Signature) -> CellReference:
    """The reference of an original that answers so, on the pictures in images/."""
    pictures = [drawn_pictures(COMPARED, *size) for size in SIZES]
    return CellReference(signature, pictures, [answer(images) for images in pictures])


def drawn_pictures(count: int, height: int, width: int) -> np.ndarray:
    """Pictures in images/, squeezed to a size: float32 [count, height, width, 3] RGB."""
    paths = sorted((ROOT / "images").glob("*.jpg"))
    found = [read_picture(paths[index % len(paths)])[..., ::-1] for index in range(count)]
    resized = [cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for picture in found]
    return np.array(resized, np.float32)


def detector_formats(formats: Sequence[Format]) -> list[Format]:
    """The formats, with a detector's limits. Raises ValueError for one that a detector is not written in."""
    if others := [form.name for form in formats if form.name not in LIMITS]:
        raise ValueError(f"--formats: found {', '.join(others)}, expected of a detector some of {', '.join(LIMITS)}")
    return [replace(FORMATS[form.name], limit=LIMITS[form.name]) for form in formats]
