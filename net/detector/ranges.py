"""How far the augmentation of scenes goes."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from net.options import option


@dataclass(frozen=True)
class SceneRanges:
    """What scenes are made of pictures. Probabilities are 0 to 1. Raises ValueError for what is none."""

    grid: int = option(8, "a scene is cut into up to so many tiles a side, a picture in each")
    whole: float = option(0.35, "probability of a single picture")
    shrink: float = option(0.6, "a picture is shown at least so many times as large as fills its tile")
    zoom: float = option(3.5, "and at most so many times")
    enlarge: float = option(2.2, "and up to so many times its own size")
    lean: float = option(12.0, "standard deviation of a picture's turn, degrees")
    wide: float = option(0.2, "probability of any turn up to the widest in its place")
    widest: float = option(55.0, "that many degrees either way")
    quarters: float = option(
        0.1, "probability of a turn by a quarter or half more: heads beyond 80 degrees are no faces"
    )
    mirror: float = option(0.5, "probability of mirroring")
    colour: float = option(0.3, "relative strength of gain, offset and gamma")
    blur: float = option(0.1, "probability of a blurred or coarser scene")
    noise: float = option(0.1, "probability of noise")
    jpeg: float = option(0.15, "probability of a scene through JPEG of quality 10 to 60")
    occlude: float = option(0.1, "probability that part of a face is covered")
    masks: float = option(0.1, "probability that a face has a mask put on")
    window: int = option(1024, "scenes are made of the last so many pictures read")
    renew: float = option(0.5, "pictures read a scene")

    def __post_init__(self) -> None:
        turns, pixels = (self.wide, self.quarters, self.mirror), (self.blur, self.noise, self.jpeg)
        shares = self.whole, *turns, *pixels, self.occlude, self.masks
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"augmentation: found {self}, expected probabilities of 0 to 1")
        finite = all(map(isfinite, (self.lean, self.widest, self.colour)))
        if not (0 < self.shrink <= 1 <= min(self.zoom, self.enlarge) and finite):
            raise ValueError(f"augmentation: found {self}, expected shrink of 0 to 1, zoom and enlarge of 1 and more")
        if min(self.grid, self.window) < 1 or not self.renew > 0:
            raise ValueError(f"augmentation: found {self}, expected grid and window of 1 and more, renew over 0")
