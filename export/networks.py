"""What is exported: a network by its shape, built anew for inference, and its signature."""

from __future__ import annotations

from export.signature import Signature
from net.detector.network import detector, named_cells
from net.detector.shape import LEVELS, DetectorShape
from net.model.senet import CELL, INPUT, OUTPUT, SPREAD, named, senet
from net.model.shape import Shape
from net.model.spread import heat_spread
from records.runtime import tf, v1

LANDMARKS = Signature(INPUT, (OUTPUT,))
SPREADING = Signature(INPUT, (OUTPUT, SPREAD))  # of a network with heat maps
CELLS = Signature(INPUT, tuple(level.name for level in LEVELS))


def signature_of(shape: Shape | DetectorShape) -> Signature:
    """The signature of a network: landmarks, with their spread where there are heat maps, or a detector's cells."""
    if isinstance(shape, DetectorShape):
        return CELLS
    return LANDMARKS if shape.head == "dense" else SPREADING


def build(shape: Shape | DetectorShape) -> None:
    """Adds the network to the default graph, for inference, with a placeholder for its pictures."""
    if isinstance(shape, DetectorShape):
        named_cells(detector(_pictures(None, 3), shape, is_training=False))
    else:
        senet(_pictures(shape.size, shape.planes), shape, is_training=False)


def with_spread(graph: v1.GraphDef, shape: Shape) -> v1.GraphDef:
    """A frozen graph with the spread of its heat maps as a further output, for one from before that was answered.

    The nodes that are there stay as they are, and so do the landmarks, to the bit. Raises ValueError for a graph
    without heat maps.
    """
    nodes = {node.name: node for node in graph.node}
    if SPREAD in nodes:
        return graph
    heat = nodes.get(OUTPUT)
    while heat is not None and heat.op != "Softmax":
        heat = nodes.get(heat.input[0]) if heat.input else None
    if heat is None:
        raise ValueError(f"graph: found no softmax before {OUTPUT}, expected heat maps, as its settings say")
    with v1.Graph().as_default() as added:
        chance = v1.placeholder(tf.float32, [None, (shape.size // CELL) ** 2], name=heat.name)
        named(heat_spread(chance, shape.size // CELL), SPREAD, shape.points)
    whole = v1.GraphDef()
    whole.CopyFrom(graph)
    whole.node.extend(node for node in added.as_graph_def().node if node.name != heat.name)
    return whole


def _pictures(edge: int | None, planes: int) -> tf.Tensor:
    """Pictures of an edge, or of any height and width."""
    return v1.placeholder(tf.float32, [None, edge, edge, planes], name=INPUT)
