"""How far the augmentation of faces goes."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Protocol

from net.options import option


@dataclass(frozen=True)
class Ranges:
    """How far augmentation goes; each part at 0 is off."""

    turn: float = option(25.0, "degrees either way")
    scale: float = option(0.18, "the crop's side is multiplied by exp(u), |u| at most this")
    shift: float = option(0.08, "fractions of the crop's side either way, per axis")
    flip: float = option(0.5, "probability of mirroring")
    colour: float = option(0.3, "relative strength of gain, offset and gamma")
    blur: float = option(0.15, "probability of a blurred or coarser picture")
    noise: float = option(0.1, "probability of noise")
    occlude: float = option(0.25, "probability of a covered rectangle")
    jpeg: float = option(0.0, "probability of a picture through JPEG of quality 10 to 60")

    def __post_init__(self) -> None:
        if not all(0 <= value < inf for value in vars(self).values()):
            raise ValueError(f"augmentation: found {self}, expected numbers of 0 and more")


class PixelRanges(Protocol):
    """What changes pixels and moves nothing: the fields of `Ranges` of these names."""

    @property
    def colour(self) -> float: ...
    @property
    def blur(self) -> float: ...
    @property
    def noise(self) -> float: ...
    @property
    def jpeg(self) -> float: ...


NO_AUGMENTATION = Ranges(0, 0, 0, 0, 0, 0, 0, 0, 0)
