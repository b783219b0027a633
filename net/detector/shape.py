"""The shape of the detector's network: every choice that makes one unlike another, checked at construction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from infer.geometry.levels import Level
from net.model.shape import REDUCTION
from net.options import option

STRIDES = (8, 16, 32)  # pixels of the picture along the edge of a cell, level by level
UNITS = 2  # strides that a level's lengths are counted in
LEVELS = tuple(Level(f"cells{stride}", stride, float(UNITS * stride)) for stride in STRIDES)
MULTIPLE = STRIDES[-1]  # of which a picture's edges have to be multiples
PATCH = 4  # pixels along the edge of what the stem sees at once


@dataclass(frozen=True)
class DetectorShape:
    """What the detector's network looks like. Raises ValueError where it could not be built."""

    stem: int = option(16, "channels of the stem and of the fine stage, at a stride of 4 pixels")
    fine: int = option(1, "convolutions of the fine stage")
    stage8: int = option(32, "channels at a stride of 8 pixels")
    stage16: int = option(32, "channels at a stride of 16 pixels")
    stage32: int = option(64, "channels at a stride of 32 pixels")
    depth: int = option(1, "blocks a stage")
    merge: int = option(20, "channels of the maps that are merged from coarse to fine")

    def __post_init__(self) -> None:
        wide = self.stem, self.stage8, self.stage16, self.stage32, self.merge
        if min(*wide, self.depth) < 1 or self.fine < 0:
            raise ValueError(f"detector: found {self}, expected numbers of 1 and more")
        if self.stage16 % REDUCTION or self.stage32 % REDUCTION:
            raise ValueError(f"detector: found {self}, expected stage16 and stage32 divisible by {REDUCTION}")

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> DetectorShape:
        """The shape that a run's settings or a contract hold. Raises TypeError for what is none."""
        if not isinstance(settings, Mapping):
            raise TypeError(f"network: found a {type(settings).__name__}, expected fields and their values")
        return cls(**settings)

    def settings(self) -> dict[str, Any]:
        """The fields as JSON has them, for a run's settings and a model's contract."""
        return asdict(self)

    @property
    def stages(self) -> tuple[int, int, int]:
        """Channels of the stages, in the order of `LEVELS`."""
        return self.stage8, self.stage16, self.stage32
