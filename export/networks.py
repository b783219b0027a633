"""What is exported: a network by its shape, built anew for inference, and its signature."""

from __future__ import annotations

from export.signature import Signature
from net.detector.network import detector, named_cells
from net.detector.shape import LEVELS, DetectorShape
from net.model.senet import INPUT, OUTPUT, senet
from net.model.shape import Shape
from records.runtime import tf, v1

LANDMARKS = Signature(INPUT, (OUTPUT,))
CELLS = Signature(INPUT, tuple(level.name for level in LEVELS))


def signature_of(shape: Shape | DetectorShape) -> Signature:
    """The signature of a network: one output of landmarks, or a detector's map of cells for each level."""
    return CELLS if isinstance(shape, DetectorShape) else LANDMARKS


def build(shape: Shape | DetectorShape) -> None:
    """Adds the network to the default graph, for inference, with a placeholder for its pictures."""
    if isinstance(shape, DetectorShape):
        named_cells(detector(_pictures(None, 3), shape, is_training=False))
    else:
        senet(_pictures(shape.size, shape.planes), shape, is_training=False)


def _pictures(edge: int | None, planes: int) -> tf.Tensor:
    """Pictures of an edge, or of any height and width."""
    return v1.placeholder(tf.float32, [None, edge, edge, planes], name=INPUT)
