"""Parts of a picture that want a look of their own."""

from __future__ import annotations

import numpy as np

from ..geometry.candidates import Candidates

LOW = 20.0  # pixels: faces lower than this are seen badly
AROUND = 1.5  # of its longer edge: what is looked at closer around such a face, on every side
ROOM = 0.25  # of the picture's shorter edge: where the largest face is smaller, there may be smaller ones still


def part_for_closer(
    seen: Candidates, found: Candidates, shape: tuple[int, int], side: int, edge: int
) -> tuple[int, int, int, int] | None:
    """The part (x0, y0, x1, y1), whole pixels, of a picture [height, width] that wants a closer look than the one it
    had, with a longest side of `side`; None where nothing does.

    All of it unless the largest face found takes a quarter of `edge` pixels, as in portraits; else what surrounds the
    things that the look saw, however unsure of them, and that are so low there that they are seen badly. seen, found:
    in pixels of the picture; edge: the shorter one of the picture before it was turned.
    """
    height, width = shape
    if not len(found) or found.edges.max() < ROOM * edge:
        return 0, 0, width, height
    boxes = seen.boxes[seen.oriented[:, 3] * side / max(shape) < LOW]
    if not len(boxes):
        return None
    return part_around(boxes, AROUND, shape)


def part_around(boxes: np.ndarray, around: float, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part (x0, y0, x1, y1), whole pixels, of a picture [height, width] that holds boxes [N, 4] and so much of
    their longer edge around each."""
    height, width = shape
    room = around * (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True)
    x0, y0 = np.floor((boxes[:, :2] - room).min(axis=0)).astype(int).clip(0, (width - 1, height - 1)).tolist()
    x1, y1 = np.ceil((boxes[:, 2:] + room).max(axis=0)).astype(int).clip((x0 + 1, y0 + 1), (width, height)).tolist()
    return x0, y0, x1, y1


def whole_in(found: Candidates, part: tuple[int, int, int, int], shape: tuple[int, int]) -> np.ndarray:
    """Which of the finds do not reach beyond a part (x0, y0, x1, y1) of the picture [height, width] that a look was at,
    but for where the picture ends: bool [N]. What is cut there is best seen in another look."""
    height, width = shape
    inner = np.array(part[:2]) > 0, np.array(part[2:]) < (width, height)
    beyond = (found.boxes[:, :2] < part[:2]) & inner[0], (found.boxes[:, 2:] > part[2:]) & inner[1]
    return np.logical_not((beyond[0] | beyond[1]).any(axis=1))


def longest_of(part: tuple[int, int, int, int]) -> int:
    """The longest side of a part (x0, y0, x1, y1), pixels."""
    x0, y0, x1, y1 = part
    return max(x1 - x0, y1 - y0)
