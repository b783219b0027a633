"""Random weights for a network that nobody trained, as far from trivial as trained ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from records.runtime import v1


def random_load(seed: int = 1) -> Callable[[v1.Session], None]:
    """What `export.checkpoint.frozen_graph` wants: gives the session's variables random values, alike for a seed."""

    def load(session: v1.Session) -> None:
        rng = np.random.default_rng(seed)
        for value in v1.global_variables():
            value.load(_values(value.op.name, value.shape.as_list(), rng), session)

    return load


def _values(name: str, shape: list[int], rng: np.random.Generator) -> np.ndarray:
    if name.endswith(("/scale", "/variance")):
        return rng.uniform(0.5, 1.5, shape)
    if name.endswith("weights"):
        size = 0.2 if "/dense/" in name else 1.0  # so that its answers, too, lie about the crop
        return rng.normal(size=shape) * size * (2 / np.prod(shape[:-1])) ** 0.5
    # the gates' few maps above zero: LiteRT 2.3 does not survive an int8 map that is always zero
    return rng.normal(size=shape) / 10 + name.endswith("squeeze/bias")
