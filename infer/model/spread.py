"""What a network's spreads are worth: how far off each of its points is likely to be. A part of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Spread:
    """The output that says how widely a network's answer is spread around each point.

    name: of the output, float32 [N, K], fractions of the crop's side; spreads, errors: knots of the curve from a spread
    to the mean error at it, both fractions of the crop's side, the one rising, the other not falling; points: for each
    point what its error is of the curve's. All three are empty until somebody has calibrated them on faces. Raises
    ValueError for knots or factors that can't be.
    """

    name: str
    spreads: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()
    points: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        lengths = [len(self.spreads), len(self.errors)]
        if lengths[0] != lengths[1] or lengths[0] == 1:
            found = "spread.curve has {} spreads and {} errors".format(*lengths)
            raise ValueError(f"{found}, expected as many of one as of the other, two or more")
        if bool(self.spreads) != bool(self.points):
            raise ValueError(f"spread has {lengths[0]} knots and {len(self.points)} points, expected both or neither")
        for key, values in (("spread", self.spreads), ("error", self.errors)):
            _check_curve(f"spread.curve.{key}", values, rising=key == "spread")
        if not min(self.points, default=1) > 0:
            raise ValueError(f"spread.points has {min(self.points)}, expected factors above 0")

    def expected(self, spread: np.ndarray) -> np.ndarray | None:
        """The error to be expected of points with spreads [N, K], float32 [N, K], both fractions of the crop's side.

        Beyond the curve's ends it is that of the ends. None where nobody has calibrated it.
        """
        if not self.points:
            return None
        import numpy as np  # not above: command lines read contracts without it

        return (np.interp(spread, self.spreads, self.errors) * self.points).astype(np.float32)


def _check_curve(key: str, values: tuple[float, ...], rising: bool) -> None:
    """Raises ValueError where numbers do not go up from 0 or more: each above the one before if `rising`."""
    if values and values[0] < 0:
        raise ValueError(f"{key} begins with {values[0]}, expected 0 or more")
    for before, after in pairwise(values):
        if after < before or (rising and after == before):
            wanted = "numbers that rise" if rising else "numbers that do not fall"
            raise ValueError(f"{key} has {after} behind {before}, expected {wanted}")
