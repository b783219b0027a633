"""What the maps of a detector's cells hold: a row of numbers for each cell (`cells` is the arithmetic with them).

| fields | what                                                                                   |
|--------|----------------------------------------------------------------------------------------|
| 0      | score, 0 to 1                                                                          |
| 1, 2   | centre of the oriented landmark box (`oriented`), from the cell's centre, in units      |
| 3, 4   | logarithm of its width and height in units                                             |
| 5 - 14 | x, y of left and right eye (in the picture), nose tip, left and right corner of the mouth |
"""

from __future__ import annotations

from dataclasses import dataclass

FIELDS = 15  # numbers of a cell


@dataclass(frozen=True)
class Level:
    """A map of cells: name of the network's output; stride: pixels of the picture along a cell's edge; unit: pixels."""

    name: str
    stride: int
    unit: float
