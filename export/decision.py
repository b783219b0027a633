"""What decides on a detector's finds: the score from which on one is a face, the IoU from which on two are one, and the
network that closer looks have."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

THRESHOLD, OVERLAP = 0.5, 0.4  # of a detector, where nobody says another
LEAST = 0.01  # of both, as `infer/model/detector_contract.py` has it


@dataclass(frozen=True)
class Decision:
    """What decides on a detector's finds, None where nobody says; threshold: the score from which on one is a face;
    overlap: the IoU from which on two are one face; close: name of another detector's file in the same folder, for
    closer looks. Raises ValueError for what can't be.
    """

    threshold: float | None = None
    overlap: float | None = None
    close: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("threshold", self.threshold), ("overlap", self.overlap)):
            if value is not None and not LEAST <= value <= 1:
                raise ValueError(f"{name}: found {value}, expected {LEAST} to 1")
        if self.close is not None and Path(self.close).name != self.close:
            raise ValueError(f"close: found {self.close}, expected the name of a file in the folder of --out")

    def given(self) -> dict[str, float | str]:
        """What somebody says."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def completed(self, measured: float | None) -> dict[str, float | str]:
        """All, with what was measured of the threshold, or else what is usual: also where no threshold does."""
        return {"threshold": usable(measured) or THRESHOLD, "overlap": OVERLAP} | self.given()


def usable(measured: float | None) -> float | None:
    """A threshold that was measured, None where that is none which a contract takes."""
    return measured if measured is not None and LEAST <= measured <= 1 else None
