"""Face detection by the Haar cascades in OpenCV's wheel, each answer mapped to a landmark box.

A cascade answers with a square around what it calls a face; the network wants the tight box of the landmark points.
The constants in between are measured on real faces by `tools/fit_boxes.py` and lie in `detectors.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

CONSTANTS = Path(__file__).resolve().parent / "detectors.json"
OVERLAP = 0.4  # landmark boxes of two faces in one picture hardly ever share so much of their union


@dataclass(frozen=True)
class Cascade:
    """A cascade and how its squares relate to landmark boxes.

    mirrored: also run on the mirrored picture, because it knows one side only. dx, dy: centre of the landmark box from
    the square's, width, height: edges of the landmark box; all in units of the square's side.
    """

    name: str
    file: str
    mirrored: bool
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


@dataclass(frozen=True)
class Search:
    """How a picture is searched: longest: it is reduced to this longest edge first, pixels; scale: step of the sizes;
    neighbours: how many overlapping windows make a face; smallest: edge of the smallest face, pixels of the reduced picture."""

    longest: int = 800
    scale: float = 1.1
    neighbours: int = 3
    smallest: int = 24


def load_cascades(path: Path = CONSTANTS) -> tuple[list[Cascade], Search]:
    """The cascades, surest first, and the search settings they were measured with.

    Raises FileNotFoundError or ValueError where the file is missing or not what `tools/fit_boxes.py` writes.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        names = list(Cascade.__dataclass_fields__)
        return [Cascade(**{name: entry[name] for name in names}) for entry in data["cascades"]], Search(**data["search"])
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: found no such file, expected the detectors' constants") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: found {error}, expected what tools/fit_boxes.py writes") from None


class HaarDetector:
    """Finds faces by Haar cascades: frontal, and profile on the picture and its mirror image.

    Raises ValueError where this OpenCV has no Haar cascades (5.x).
    """

    def __init__(self, constants: Path = CONSTANTS):
        self.cascades, self.search = load_cascades(constants)
        self._classifiers = [open_cascade(cascade.file) for cascade in self.cascades]

    def find(self, image: np.ndarray) -> np.ndarray:
        """Landmark boxes (x0, y0, x1, y1), float64 [N, 4], pixels of a picture uint8 [height, width, 3], surest first.

        Surest: in the order of the cascades, and among those of one by the number of windows that agreed.
        """
        grey, scale = prepare(image, self.search.longest)
        found = [boxes for cascade, classifier in zip(self.cascades, self._classifiers, strict=True)
                 for boxes in self._boxes(grey, cascade, classifier)]
        boxes = np.concatenate([np.zeros((0, 4)), *found])
        # pixel centres at whole numbers: a reduction maps centre to centre
        boxes = (boxes + 0.5) / scale - 0.5
        return boxes[distinct(boxes)]

    def _boxes(self, grey: np.ndarray, cascade: Cascade, classifier):
        boxes, counts = [cascade.to_boxes(np.zeros((0, 4)))], [np.zeros(0)]
        for mirrored in (False, True) if cascade.mirrored else (False,):
            squares, windows = find_squares(classifier, grey[:, ::-1] if mirrored else grey, self.search)
            some = cascade.to_boxes(squares)
            boxes.append(mirror_boxes(some, grey.shape[1]) if mirrored else some)
            counts.append(windows)
        order = np.argsort(-np.concatenate(counts), kind="stable")
        yield np.concatenate(boxes)[order]


def prepare(image: np.ndarray, longest: int) -> tuple[np.ndarray, float]:
    """The grey picture to search, its contrast evened out, and its scale (1 or less)."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    scale = min(1.0, longest / max(grey.shape))
    if scale < 1:
        size = tuple(max(1, round(edge * scale)) for edge in grey.shape[::-1])
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return cv2.equalizeHist(grey), scale


def open_cascade(file: str):
    """OpenCV's classifier for one of the cascade files in its wheel."""
    if not hasattr(cv2, "CascadeClassifier"):
        raise ValueError(f"detector: found OpenCV {cv2.__version__} without Haar cascades, "
                         "expected 4.x (opencv-python<5), or faces given by --boxes")
    path = Path(cv2.data.haarcascades) / file
    if not path.is_file():
        raise ValueError(f"detector: found no {path}, expected OpenCV's Haar cascades, or faces given by --boxes")
    classifier = cv2.CascadeClassifier(str(path))
    if classifier.empty():
        raise ValueError(f"{path}: found a damaged cascade, expected OpenCV's Haar cascades")
    return classifier


def find_squares(classifier, grey: np.ndarray, search: Search) -> tuple[np.ndarray, np.ndarray]:
    """Squares (x, y, w, h), int [N, 4], and how many windows agreed on each, int [N]."""
    squares, windows = classifier.detectMultiScale2(
        np.ascontiguousarray(grey), scaleFactor=search.scale, minNeighbors=search.neighbours,
        minSize=(search.smallest, search.smallest))
    return np.asarray(squares).reshape(-1, 4), np.asarray(windows).reshape(-1)


def mirror_boxes(boxes: np.ndarray, width: int) -> np.ndarray:
    """Boxes (x0, y0, x1, y1) [N, 4] of the mirrored picture `width` pixels wide, in the picture itself."""
    x0, y0, x1, y1 = np.asarray(boxes).T
    return np.stack([width - 1 - x1, y0, width - 1 - x0, y1], axis=1)


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of one box (x0, y0, x1, y1) with boxes [N, 4]: float64 [N]."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return shared / np.maximum(areas - shared, 1e-9)


def distinct(boxes: np.ndarray, overlap: float = OVERLAP) -> list[int]:
    """Indices of the boxes [N, 4], surest first, that overlap no surer kept one by more than `overlap` of the union."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        if not kept or overlaps(box, boxes[kept]).max() <= overlap:
            kept.append(index)
    return kept
