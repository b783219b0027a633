"""Points drawn into pictures: thin lines by group and small dots, with a dark edge so that they show on any skin."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import cv2
import numpy as np

from .geometry.boxes import box_of

# BGR, as bright as each other; groups of other names take them in order
COLOURS = {
    "jaw": (255, 196, 84),
    "brows": (90, 214, 255),
    "nose": (140, 240, 130),
    "eyes": (255, 255, 255),
    "mouth": (150, 130, 255),
}
HALO = (24, 24, 24)
PAPER = (28, 28, 28)
INK = (225, 225, 225)
SHIFT = 4  # OpenCV draws at sixteenths of a pixel
SOLID = 60  # pixels of a face's longer edge from which on its marks are opaque; they would hide a smaller one
FAINTEST = 0.35  # opacity of the marks on the smallest
DISC, RING = 0.25, 0.85  # opacity of the circles of expected errors: within, and their edges
LARGEST = 2.5  # times as large as usual are the dots of a handful of points
NUMBERED = 100  # pixels of a face's longer edge from which on there is room for any number
SMALLEST = 0.3  # of OpenCV's letters, 6 pixels high: smaller ones cannot be read
EDGE = 3  # pixels that the dark edge of letters goes beyond their box, and rounding
SIDES = ((1, -1), (1, 0), (1, 1), (-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1))  # where a number may stand, best first


def draw_faces(
    image: np.ndarray,
    faces: Sequence[np.ndarray],
    groups: Mapping[str, Sequence[int]],
    lines: Mapping[str, Sequence[Sequence[int]]],
    numbers: bool = False,
    names: Sequence[str] = (),
    errors: Sequence[np.ndarray | None] = (),
) -> np.ndarray:
    """A copy of the picture with the points of its faces drawn in, uint8 [height, width, 3] BGR.

    faces: points [K, 2] each, pixels of the picture; groups: name -> indices, lines: name -> index chains, as in the
    model's contract; numbers: each point's index beside it, counted from 0, where there is room; names: of the faces,
    written above each; errors: of each face its points' expected errors [K], pixels, as circles around them, or None.
    Points that are not finite are left out. Dots, lines and letters grow with the face, and are faint on a small one;
    the dots of few points are larger.
    """
    image = image.copy()
    for index, points in enumerate(faces):
        points = np.asarray(points, np.float64)
        if not np.isfinite(points).all(axis=1).any():
            continue
        edge = _edge_in(image, points)
        if len(errors) and errors[index] is not None:
            _draw_circles(image, points, errors[index], groups, edge)
        if edge < SOLID:
            _draw_faintly(image, points, groups, edge)
        else:
            _draw_face(image, points, groups, lines, edge)
        if numbers and edge >= NUMBERED:
            _number_points(image, points, edge)
        if names:
            _name_face(image, points, names[index])
    return image


def thumbnail(
    image: np.ndarray,
    faces: Sequence[np.ndarray],
    groups: Mapping[str, Sequence[int]],
    lines: Mapping[str, Sequence[Sequence[int]]],
    size: int = 320,
    errors: Sequence[np.ndarray | None] = (),
) -> np.ndarray:
    """The picture with its faces, fitted into size x size pixels; drawn after scaling, to stay legible."""
    scale = size / max(image.shape[:2])
    edges = tuple(max(1, round(edge * scale)) for edge in image.shape[1::-1])
    small = cv2.resize(image, edges, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    # pixel centres at whole numbers: scaling maps the picture's edges, not its first centres, onto each other
    places = [(np.asarray(points) + 0.5) * scale - 0.5 for points in faces]
    return draw_faces(small, places, groups, lines, errors=[off if off is None else off * scale for off in errors])


def contact_sheet(
    images: Sequence[np.ndarray], captions: Sequence[str], columns: int | None = None, size: int = 320
) -> np.ndarray:
    """One picture with all pictures in a grid, each fitted into size x size pixels over its caption.

    images: uint8 [height, width, 3] BGR each, any sizes; columns: None for a sheet about as wide as high. Returns uint8
    [height, width, 3] BGR. Raises ValueError where there is no picture, or another number of captions.
    """
    if not images or len(images) != len(captions):
        raise ValueError(
            f"contact sheet: found {len(images)} pictures and {len(captions)} captions, "
            "expected as many of both, at least one"
        )
    columns = min(len(images), columns or int(np.ceil(np.sqrt(len(images)))))
    rows = -(-len(images) // columns)
    gap, foot = max(4, size // 40), max(16, size // 12)
    sheet = np.full((rows * (size + foot) + gap, columns * (size + gap) + gap, 3), PAPER, np.uint8)
    for index, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(index, columns)
        top, left = gap + row * (size + foot), gap + column * (size + gap)
        _place(sheet[top : top + size - gap, left : left + size], image)
        _write(sheet[top + size - gap : top + size - gap + foot, left : left + size], caption)
    return sheet


def _edge_in(image, points) -> float:
    """The longer edge of the face's box, by which sizes go; of one far larger than the picture, as far as it matters
    (and OpenCV draws)."""
    x0, y0, x1, y1 = box_of(points)
    return min(max(x1 - x0, y1 - y0), 2 * max(image.shape[:2]))


def _draw_faintly(image, points, groups, edge: float) -> None:
    """Dots alone, see-through: a pixel is the thinnest line there is, and lines would cover a small face."""

    def draw(part, start) -> None:
        _draw_face(part, points - start, groups, {}, edge)

    opacity = min(1.0, max(FAINTEST, _growth(len(points)) * edge / SOLID))
    _blend(image, points, 9, opacity, draw)


def _draw_circles(image, points, errors, groups, edge: float) -> None:
    """A circle around each point, as wide as its error: see-through, for they lie over each other and the face.

    One that is hardly wider than the dot is left out: it would only thicken it.
    """
    radii, thickness = np.clip(np.nan_to_num(errors), 0, edge), max(1, round(edge / 300))

    def draw(part, start, width: int) -> None:
        for name, colour in colours_of(groups).items():
            for index in groups[name]:
                if radii[index] > _dot_radius(edge, len(points)) + 1:
                    _circle(part, points[index] - start, radii[index], colour, width)

    for opacity, width in ((DISC, cv2.FILLED), (RING, thickness)):
        visible = opacity * min(1.0, edge / SOLID)
        _blend(image, points, radii.max() + thickness, visible, partial(draw, width=width))


def _blend(image, points, room: float, opacity: float, draw: Callable[[np.ndarray, np.ndarray], None]) -> None:
    """Draws see-through around points, and so many pixels more on every side; draw: gets a copy of that part of the
    picture and where it begins, (x, y)."""
    x0, y0, x1, y1 = box_of(points) + np.array([-1, -1, 1, 1]) * room
    height, width = image.shape[:2]
    rows, columns = (
        slice(*np.clip((np.floor(low), np.ceil(high) + 1), 0, most).astype(int))
        for low, high, most in ((y0, y1, height), (x0, x1, width))
    )
    part = image[rows, columns]
    if part.size:
        drawn = part.copy()
        draw(drawn, np.array([columns.start, rows.start]))
        image[rows, columns] = cv2.addWeighted(drawn, opacity, part, 1 - opacity, 0)


def _draw_face(image, points, groups, lines, edge: float) -> None:
    colours = colours_of(groups)
    thickness, radius = max(1, round(edge / 220)), _dot_radius(edge, len(points))
    halo = max(1, round(edge / 450)) if edge >= 150 else 0  # on a small face it would be all that one sees
    for grow, dark in ((2 * halo, True), (0, False)) if halo else ((0, False),):
        for name, chains in lines.items():
            for chain in chains:
                _line(image, points[list(chain)], HALO if dark else colours.get(name, INK), thickness + grow)
        for name, indices in groups.items():
            for point in points[list(indices)]:
                _circle(image, point, radius + grow / 2, HALO if dark else colours[name])


def _dot_radius(edge: float, count: int) -> float:
    """Of one of so many points."""
    return max(0.5, min(0.9, edge / 70), edge / 150) * _growth(count)


def _growth(count: int) -> float:
    """How many times as large the dots of so few points are as those of 68, of which they cover as much."""
    return float(np.clip(np.sqrt(68 / count), 1, LARGEST))


def _line(image, chain, colour, thickness: int) -> None:
    for start, end in zip(chain[:-1], chain[1:], strict=True):
        if np.isfinite([start, end]).all():
            cv2.line(image, _fixed(start), _fixed(end), colour, thickness, cv2.LINE_AA, SHIFT)


def _circle(image, point, radius: float, colour, thickness: int = cv2.FILLED) -> None:
    if np.isfinite(point).all():
        cv2.circle(image, _fixed(point), round(radius * (1 << SHIFT)), colour, thickness, cv2.LINE_AA, SHIFT)


def _number_points(image, points, edge: float) -> None:
    """Each point's index beside it, where it covers no point and no other number; else it is left out."""
    scale = max(SMALLEST, edge / 1400)
    known = points[np.isfinite(points).all(axis=1)]
    taken = np.zeros((0, 4))
    for index, point in enumerate(points):
        box = _free_place(str(index), point, scale, known, taken) if np.isfinite(point).all() else None
        if box is not None:
            taken = np.vstack([taken, box])
            _letter(image, str(index), box[[0, 3]], scale)


def _free_place(text: str, point, scale: float, points, taken) -> np.ndarray | None:
    """The box (x0, y0, x1, y1) of a text beside a point, with none of points [K, 2] nor boxes taken [N, 4] in it; None
    where there is none."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, max(1, round(scale * 1.6)))
    gap = 5 * scale + EDGE
    for right, down in SIDES:
        x = point[0] + (gap if right > 0 else -width / 2 if right == 0 else -width - gap)
        y = point[1] + (height + gap if down > 0 else height / 2 if down == 0 else -gap)
        box = np.array([x, y - height, x + width, y])
        low, high = box[:2] - EDGE, box[2:] + EDGE
        covered = ((points > low) & (points < high)).all(axis=1).any()
        if not covered and not ((taken[:, :2] < high) & (taken[:, 2:] > low)).all(axis=1).any():
            return box
    return None


def _name_face(image, points, name: str) -> None:
    """The name above the face's left edge."""
    x0, y0, x1, y1 = box_of(points)
    edge = max(x1 - x0, y1 - y0)
    _letter(image, name, (x0, y0 - 0.06 * edge), max(0.45, edge / 350))


def _letter(image, text: str, corner, scale: float) -> None:
    """Text whose lower left corner is given, with a dark edge as the lines have."""
    place = tuple(int(round(value)) for value in np.clip(corner, -(1 << 14), 1 << 14))
    thickness = max(1, round(scale * 1.6))
    for colour, width in ((HALO, thickness + 2), (INK, thickness)):
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, width, cv2.LINE_AA)


def _fixed(point) -> tuple[int, int]:
    # far outside the picture OpenCV's fixed-point numbers would overflow
    x, y = np.clip(np.round(point * (1 << SHIFT)), -(1 << 24), 1 << 24)
    return int(x), int(y)


def colours_of(groups: Sequence[str] | Mapping[str, object]) -> dict[str, tuple[int, int, int]]:
    """The colour of each group of points, BGR."""
    spare = list(COLOURS.values())
    return {name: COLOURS.get(name, spare[index % len(spare)]) for index, name in enumerate(groups)}


def _place(cell, image) -> None:
    """Fits the picture into the cell's middle."""
    height, width = cell.shape[:2]
    scale = min(height / image.shape[0], width / image.shape[1])
    edges = tuple(max(1, round(edge * scale)) for edge in image.shape[1::-1])
    if edges != image.shape[1::-1]:
        image = cv2.resize(image, edges, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (height - edges[1]) // 2, (width - edges[0]) // 2
    cell[top : top + edges[1], left : left + edges[0]] = image


def _write(cell, text: str) -> None:
    """Writes the caption into the cell, its middle left out where it is too long."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, cell.shape[0] / 55
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # OpenCV's letters are ASCII
    short, keep = text, len(text)
    while keep > 3 and cv2.getTextSize(short, font, scale, 1)[0][0] > cell.shape[1]:
        keep -= 1
        short = f"{text[: keep // 2]}...{text[len(text) - (keep - keep // 2) :]}"
    cv2.putText(cell, short, (0, round(cell.shape[0] * 0.62)), font, scale, INK, 1, cv2.LINE_AA)
