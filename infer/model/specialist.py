"""Two networks as one: the points that both know come from the second, the others from the first.

The classic way at Kaggle's facial-keypoints-detection: one network for the four points that nearly every face is marked
with, another for all fifteen, from the few faces that have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..faces.located import Located
from . import network
from .contract import Contract, read_contract


class Specialist:
    """The network that answers some of another one's points.

    contract: of the first network; model: path of the second. offsets: how far each of the first one's points lies to
    the right of its face, by whichever answers it, float64 [K], fractions of the crop's side. Raises ValueError where
    the second knows a point that the first does not, or sees another crop, and what `read_contract` and `network.load`
    raise.
    """

    def __init__(self, contract: Contract, model: str | Path):
        self.contract = read_contract(model)
        self.places = _places(contract, self.contract)
        self.offsets = np.full(contract.points.count, contract.output.offset, np.float64)
        self.offsets[self.places] = self.contract.output.offset
        self._net = network.load(self.contract)

    def replace(self, first: Located, crops: Sequence[np.ndarray]) -> Located:
        """What the first network says of N >= 1 crops, in fractions, with this one's points in their places; errors
        only where both tell them."""
        most = self.contract.input.batch or len(crops)
        parts = range(0, len(crops), most)
        own = Located.joined([network.locate(self._net, self.contract, crops[at : at + most]) for at in parts])
        return first.replaced((slice(None), self.places), own)


def _places(first: Contract, second: Contract) -> list[int]:
    """Where the second network's points stand among the first one's."""
    strange = [name for name in second.points.names if name not in first.points.names]
    schemes = [contract.points.scheme.partition("[")[0] for contract in (first, second)]
    if strange or schemes[0] != schemes[1]:
        found = f"the points {', '.join(strange[:4])}" if strange else f"points of {schemes[1]}"
        raise ValueError(
            f"{second.model}: found {found}, expected some of those of {first.model} ({first.points.scheme})"
        )
    wanted, seen = ((one.input.size, one.crop.margin, list(one.crop.shift)) for one in (first, second))
    if seen != wanted:
        raise ValueError(
            "{}: found size {}, margin {}, shift {}, ".format(second.model, *seen)
            + "expected {}, {}, {} as {} has".format(*wanted, first.model)
        )
    return [first.points.names.index(name) for name in second.points.names]
