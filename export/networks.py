"""What is exported: a network by its shape, built anew for inference, and its signature."""

from __future__ import annotations

from export.signature import Signature
from net.model.senet import INPUT, OUTPUT, senet
from net.model.shape import Shape
from records.runtime import tf, v1

LANDMARKS = Signature(INPUT, (OUTPUT,))


def signature_of(shape: Shape) -> Signature:
    """The signature of a network."""
    return LANDMARKS


def build(shape: Shape) -> None:
    """Adds the network to the default graph, for inference, with a placeholder for its pictures."""
    image = v1.placeholder(tf.float32, [None, shape.size, shape.size, shape.planes], name=INPUT)
    senet(image, shape, is_training=False)
