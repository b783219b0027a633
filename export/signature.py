"""The names by which an exported graph is fed and answers. Needs no TensorFlow, which LiteRT's process does without."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """Names of a graph's input, pictures float32 [N, H, W, C] RGB 0..255, and of its outputs, in order."""

    input: str
    outputs: tuple[str, ...]
