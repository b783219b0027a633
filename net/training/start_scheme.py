"""The scheme of what a run starts from; apart from `net.training.origins`, for schemes need NumPy and help does not."""

from __future__ import annotations

from pathlib import Path

from infer.model.contract import read_contract
from net.run.folder import RunFolder
from records.landmarks import scheme_in_contract, scheme_told
from records.scheme import Scheme


def scheme_of_start(start: Path) -> Scheme:
    """The scheme of the points that a landmark model or run folder answers.

    Raises FileNotFoundError where neither is there, ValueError for a scheme that is none.
    """
    if start.is_dir():
        return scheme_told(RunFolder(start).settings().records.scheme)
    points = read_contract(start).raw["points"]
    try:
        return scheme_in_contract(points)
    except ValueError as error:
        raise ValueError(f"{start}: points: {error}") from None
