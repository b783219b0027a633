"""Face detection by the Haar cascades in OpenCV's wheel, each answer mapped to a landmark box.

A cascade answers with a square around what it calls a face; the network wants the tight box of the landmark points.
The constants in between are measured on real faces by `tools/fit_constants.py boxes` and lie in `detectors.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ..faces.constants import read_constants
from ..files.plain import plain_path
from ..geometry.boxes import OVERLAP, mirror_boxes
from ..geometry.candidates import Candidates, candidates_of, together

CONSTANTS = Path(__file__).resolve().parents[1] / "detectors.json"
BORDER = 0.1  # of the longest edge: so far a picture is drawn out, as a cascade finds nothing that touches the edge
COARSE = 1.1  # step of the sizes searched in videos


@dataclass(frozen=True)
class Cascade:
    """A cascade and how its squares relate to landmark boxes.

    mirrored: also run on the mirrored picture, because it knows one side only. longest: the picture is reduced to this
    longest edge, pixels; scale: step of the sizes searched; neighbours: how many overlapping windows make a face;
    smallest: edge of the smallest square, pixels of the reduced picture; beyond: asked about larger pictures only, by
    their longest edge. dx, dy: centre of the landmark box from the
    square's, width, height: edges of the landmark box; all four in units of the square's side.
    """

    name: str
    file: str
    mirrored: bool
    longest: int
    scale: float
    neighbours: int
    smallest: int
    beyond: int
    dx: float
    dy: float
    width: float
    height: float

    def to_boxes(self, squares: np.ndarray) -> np.ndarray:
        """Squares (x, y, w, h) [N, 4] -> landmark boxes (x0, y0, x1, y1), float64 [N, 4], same pixels."""
        x, y, side, high = np.asarray(squares, np.float64).reshape(-1, 4).T
        # a square of n pixels from x covers the pixel centres x .. x + n - 1
        centre_x, centre_y = x + (side - 1) / 2 + self.dx * side, y + (high - 1) / 2 + self.dy * side
        half_x, half_y = self.width * side / 2, self.height * side / 2
        return np.stack([centre_x - half_x, centre_y - half_y, centre_x + half_x, centre_y + half_y], axis=1)


def load_cascades(path: Path = CONSTANTS) -> list[Cascade]:
    """The cascades in the order of their looks, with the settings that they were measured with.

    Raises as `read_constants` does.
    """
    names = list(Cascade.__dataclass_fields__)

    def parse(data: dict) -> list[Cascade]:
        return [Cascade(**{name: entry[name] for name in names}) for entry in data["cascades"]]

    return read_constants(path, "the detectors' constants", "boxes", parse)


class HaarDetector:
    """Finds faces by Haar cascades: frontal, and profile on the picture and its mirror image.

    Generous: a good part of what it finds is no face, for the network to tell. Raises ValueError where this OpenCV has
    no Haar cascades (5.x). One object serves one thread at a time.
    """

    name = "haar"
    sure = False
    threshold = 0.0

    def __init__(self, constants: Path = CONSTANTS):
        self._turn = 0  # which look is the next glance
        self.cascades = load_cascades(constants)
        opened = {cascade.file: open_cascade(cascade.file) for cascade in self.cascades}
        self._classifiers = [opened[cascade.file] for cascade in self.cascades]

    def looks(self, image: np.ndarray, size: int | None = None) -> Iterator[Candidates]:
        """What one look after the other finds, quick ones first.

        image: uint8 [height, width, 3]; size: has no say here; candidates in the picture's pixels, those that more
        windows agreed on first. A look takes time only when it is asked for.
        """
        for index in self._turns(image):
            yield search(image, self.cascades[index], self._classifiers[index])

    def glance(self, image: np.ndarray, side: int) -> Candidates:
        """What one look finds, for videos: the next time it is another look, so that each costs little.

        Every second one is the quick look in the reduced picture, the others take turns in between, in coarser steps
        than `looks`: there will be another frame. side: has no say here.
        """
        self._turn += 1
        first, *others = self._turns(image)
        index = others[self._turn // 2 % len(others)] if self._turn % 2 and others else first
        cascade = replace(self.cascades[index], scale=max(COARSE, self.cascades[index].scale))
        return search(image, cascade, self._classifiers[index])

    def find(self, image: np.ndarray) -> Candidates:
        """What all looks find, each thing once."""
        return together(list(self.looks(image))).distinct(OVERLAP)

    def _turns(self, image: np.ndarray) -> list[int]:
        """Which cascades are asked about a picture: those that do no more than an earlier one are left out."""
        longest = max(image.shape[:2])
        return [index for index, cascade in enumerate(self.cascades) if longest > cascade.beyond]


@dataclass(frozen=True)
class Prepared:
    """A picture ready for the search: grey uint8 [height, width], its scale and the pixels added on every side."""

    grey: np.ndarray
    scale: float
    border: int

    # pixel centres at whole numbers: a reduction maps the edges of the picture, not its first centres, onto each other
    def to_picture(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes [..., 4] in pixels of `grey` -> in pixels of the picture itself."""
        return (boxes - self.border + 0.5) / self.scale - 0.5

    def from_picture(self, boxes: np.ndarray) -> np.ndarray:
        """Undoes `to_picture`."""
        return (boxes + 0.5) * self.scale - 0.5 + self.border


def prepare(image: np.ndarray, longest: int) -> Prepared:
    """The picture uint8 [height, width, 3] BGR or [height, width] made ready: grey, reduced, drawn out."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    scale = min(1.0, longest / max(grey.shape))
    if scale < 1:
        size = tuple(max(1, round(edge * scale)) for edge in grey.shape[::-1])
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    border = round(BORDER * max(grey.shape))
    return Prepared(cv2.copyMakeBorder(grey, *(border, border, border, border), cv2.BORDER_REPLICATE), scale, border)


def search(image: np.ndarray, cascade: Cascade, classifier) -> Candidates:
    """What one cascade finds in a picture, its pixels, most agreeing windows first.

    The score, 0 to 1, only says which has more of these: n / (n + 1).
    """
    ready, boxes, counts = prepare(image, cascade.longest), [], []
    grey = ready.grey
    for mirrored in (False, True) if cascade.mirrored else (False,):
        squares, windows = find_squares(classifier, grey[:, ::-1] if mirrored else grey, cascade)
        some = cascade.to_boxes(squares)
        boxes.append(mirror_boxes(some, grey.shape[1]) if mirrored else some)
        counts.append(windows)
    scores = 1 - 1 / (1 + np.concatenate(counts))
    found = candidates_of(ready.to_picture(np.concatenate(boxes)), scores)
    return found.chosen(np.argsort(-scores, kind="stable"))


def open_cascade(file: str):
    """OpenCV's classifier for one of the cascade files in its wheel."""
    if not hasattr(cv2, "CascadeClassifier"):
        raise ValueError(
            f"detector: found OpenCV {cv2.__version__} without Haar cascades, "
            "expected 4.x (opencv-python<5), --detector yunet, or faces given by --boxes or --whole"
        )
    wheel = getattr(cv2, "data", None)  # only OpenCV from a wheel has it
    path = Path(wheel.haarcascades if wheel else "") / file
    if not path.is_file():
        raise ValueError(f"detector: found no {path}, expected OpenCV's Haar cascades, or faces given by --boxes")
    with plain_path(path) as place:
        classifier = cv2.CascadeClassifier(place)
    if classifier.empty():
        raise ValueError(f"{path}: found a damaged cascade, expected OpenCV's Haar cascades")
    return classifier


def find_squares(classifier, grey: np.ndarray, cascade: Cascade) -> tuple[np.ndarray, np.ndarray]:
    """Squares (x, y, w, h), int [N, 4], and how many windows agreed on each, int [N]."""
    squares, windows = classifier.detectMultiScale2(
        np.ascontiguousarray(grey),
        scaleFactor=cascade.scale,
        minNeighbors=cascade.neighbours,
        minSize=(cascade.smallest, cascade.smallest),
    )
    return np.asarray(squares).reshape(-1, 4), np.asarray(windows).reshape(-1)
