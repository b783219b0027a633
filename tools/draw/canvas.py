"""A picture of the skin that is painted in millimetres: fills, strokes and soft spots."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tools.draw.coverage import fill_polygons, stroke_lines
from tools.draw.texels import SKIN_HEIGHT, SKIN_WIDTH, TEXELS_PER_MM, to_texels

Window = tuple[slice, slice]  # rows and columns of the skin
Colour = Sequence[float] | np.ndarray  # RGB 0..255, or factors


class Canvas:
    """A picture of the skin that is painted in mm: float32 (3, height, width), RGB 0..255."""

    def __init__(self, skin: np.ndarray, rng: np.random.Generator):
        self.size = int(SKIN_WIDTH * TEXELS_PER_MM), int(SKIN_HEIGHT * TEXELS_PER_MM)
        self.pixels = np.empty((3, self.size[1], self.size[0]), np.float32)
        self.pixels[:] = skin[:, None, None]
        self.rng = rng

    def mask(self, polygons: Sequence[np.ndarray], soft: float, line: float = 0.0) -> tuple[np.ndarray, Window]:
        """Coverage, float32 0..1, of a window of the skin, and that window; `line` > 0 strokes that many mm wide."""
        texels = [to_texels(polygon) for polygon in polygons]
        margin = 2 + (3 * soft + line) * TEXELS_PER_MM
        everything = np.concatenate(texels)
        low = np.clip(np.floor(everything.min(axis=0) - margin).astype(int), 0, np.array(self.size) - 1)
        high = np.clip(np.ceil(everything.max(axis=0) + margin).astype(int) + 1, low + 1, self.size)
        cover = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        moved = [polygon - low for polygon in texels]
        if line:
            stroke_lines(cover, moved, max(1, round(line * TEXELS_PER_MM)))
        else:
            fill_polygons(cover, moved)
        softened = cv2.GaussianBlur(cover.astype(np.float32) / 255, (0, 0), soft * TEXELS_PER_MM)
        return softened, (slice(low[1], high[1]), slice(low[0], high[0]))

    def apply(self, cover: np.ndarray, window: Window, colour: Colour, multiply: bool = False) -> None:
        """Blend `colour` (RGB 0..255, or factors with `multiply`) into a window as far as it is covered."""
        for layer, value in zip(self.pixels, np.asarray(colour, np.float32), strict=True):
            part = layer[window]
            part += cover * (part * (value - 1) if multiply else value - part)

    def fill(
        self,
        polygon: np.ndarray,
        colour: Colour,
        soft: float = 0.25,
        strength: float = 1.0,
        multiply: bool = False,
        inside: np.ndarray | None = None,
    ) -> None:
        """Fill a polygon (N, 2) in mm; only where the polygon `inside` is, if given."""
        cover, window = self.mask([polygon], soft)
        if inside is not None:
            cover = cover * self._window_of(inside, window)
        self.apply(strength * cover, window, colour, multiply)

    def _window_of(self, polygon: np.ndarray, window: Window) -> np.ndarray:
        """How far a polygon covers a window: float32 0..1."""
        whole = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), np.uint8)
        fill_polygons(whole, [to_texels(polygon) - (window[1].start, window[0].start)])
        return whole.astype(np.float32) / 255

    def stroke(
        self,
        lines: Sequence[np.ndarray],
        colour: Colour,
        width: float,
        soft: float = 0.2,
        strength: float = 1.0,
        multiply: bool = False,
    ) -> None:
        """Draw lines [(N, 2)] in mm, `width` mm wide."""
        cover, window = self.mask(lines, soft, width)
        self.apply(np.minimum(strength * cover, 1), window, colour, multiply)

    def spot(self, x: float, y: float, wide: float, high: float, factor: float | Sequence[float]) -> None:
        """Multiply a soft elliptic spot by `factor` (one number or RGB)."""
        (u, v), su, sv = to_texels([(x, y)])[0], wide * TEXELS_PER_MM, high * TEXELS_PER_MM
        left, right = np.clip([int(u - 3 * su), int(u + 3 * su) + 1], 0, self.size[0])
        top, bottom = np.clip([int(v - 3 * sv), int(v + 3 * sv) + 1], 0, self.size[1])
        across = np.exp(-0.5 * ((np.arange(left, right) - u) / su) ** 2)
        down = np.exp(-0.5 * ((np.arange(top, bottom) - v) / sv) ** 2)
        cover = np.outer(down, across).astype(np.float32)
        self.apply(cover, (slice(top, bottom), slice(left, right)), np.broadcast_to(factor, 3), multiply=True)

    def spots(self, x: float, y: float, wide: float, high: float, factor: float | Sequence[float]) -> None:
        """The same spot on both sides."""
        self.spot(-x, y, wide, high, factor)
        self.spot(x, y, wide, high, factor)


def disc(middle: Sequence[float] | np.ndarray, wide: float, high: float, count: int = 28) -> np.ndarray:
    """An ellipse as polygon, float64 (count, 2), from its middle (x, y) and its half axes."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack([middle[0] + wide * np.cos(turn), middle[1] + high * np.sin(turn)])
