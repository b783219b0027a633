"""A network that goes on from a narrower or shallower one: it answers as that one does until it has learnt more.

After Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer", ICLR 2016. New channels are no copies of old
ones, though, but random, and of no weight for old ones; new blocks add nothing at first, as in Goyal et al., "Accurate,
Large Minibatch SGD", 2017, section 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

BLOCK = re.compile(r"/block\d+/")
LAST_SCALE = "/bn2/scale"  # of what a block adds to its shortcut
SHORTCUT = "/conv0/weights"  # of a shortcut that is not its block's input as it is


def grown(name: str, held: np.ndarray, fresh: np.ndarray) -> np.ndarray | None:
    """A variable of the larger network, as `fresh`: held, the smaller one's, in its first channels; the rest random.

    Kernels are [h, w, in, out], all others [channels]. None where it does not hold the smaller one's.
    """
    if held.shape == fresh.shape:
        return held
    if not _holds(name, held.shape, fresh.shape):
        return None
    larger = fresh.copy()
    larger[tuple(slice(edge) for edge in held.shape)] = held
    if held.ndim == 4 and not _is_depthwise(name):
        larger[:, :, held.shape[2] :, : held.shape[3]] = 0  # old channels see none of the new ones
    return larger


def is_silent(name: str, weights: Mapping[str, np.ndarray]) -> bool:
    """Whether a variable that the smaller network's weights do not have has to start as 0: the scale of what a new
    block adds in a stage that is there."""
    return name.endswith(LAST_SCALE) and name not in weights and BLOCK.sub("/block1/", name) in weights


def other_shortcuts(weights: Mapping[str, np.ndarray], fresh: Mapping[str, np.ndarray]) -> list[str]:
    """The blocks of both networks whose shortcut only one of them convolves, as only it changes the width there: what
    such a block answers, the smaller network did not."""
    blocks = (name.removesuffix(LAST_SCALE) for name in fresh if name.endswith(LAST_SCALE) and name in weights)
    return sorted(block for block in blocks if (f"{block}{SHORTCUT}" in weights) != (f"{block}{SHORTCUT}" in fresh))


def _holds(name: str, held: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    if len(held) != len(wanted) or len(held) not in (1, 4) or any(np.greater(held, wanted)):
        return False
    planes = "/stem/" in name and len(held) == 4 and held[2] != wanted[2]  # another kind of picture is no wider map
    return held[:-2] == wanted[:-2] and not planes


def _is_depthwise(name: str) -> bool:
    return "/depthwise/" in name
