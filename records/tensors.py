"""Face records as tensors, for training: what `records.record` writes, parsed and decoded in a graph."""

from __future__ import annotations

import math

from records.manifest import ENCODINGS
from records.record import edge_of
from records.runtime import tf


def decode(serialised: tf.Tensor, encoding: str, context: int, count: int) -> dict[str, tf.Tensor]:
    """The tensors of a serialised record.

    Returns image uint8 [edge, edge, 3] RGB with edge = 128 + 2 * context, label float32 [2 * count], pose float32 [3],
    side and doubt float32 [], subset, name and source string []. Raises ValueError on an unknown encoding.
    """
    parsed = parse(serialised, count)
    return {**parsed, "image": decode_image(parsed["image"], encoding, context)}


def parse(serialised: tf.Tensor, count: int) -> dict[str, tf.Tensor]:
    """The tensors of a serialised record, its image still encoded: string []; of [N] records, stacked."""
    keys = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([2 * count], tf.float32),
        "pose": tf.io.FixedLenFeature([3], tf.float32),
        "side": tf.io.FixedLenFeature([], tf.float32),
        "doubt": tf.io.FixedLenFeature([], tf.float32, math.nan),
        "subset": tf.io.FixedLenFeature([], tf.string),
        "name": tf.io.FixedLenFeature([], tf.string),
        "source": tf.io.FixedLenFeature([], tf.string, ""),
    }
    return tf.io.parse_example(serialised, keys)


def decode_image(image: tf.Tensor, encoding: str, context: int) -> tf.Tensor:
    """The picture uint8 [edge, edge, 3] RGB of a record's image bytes. Raises ValueError on an unknown encoding."""
    edge = edge_of(context)
    if encoding == "jpeg":
        decoded = tf.io.decode_jpeg(image, channels=3, dct_method="INTEGER_ACCURATE")
    elif encoding == "raw":
        decoded = tf.reshape(tf.io.decode_raw(image, tf.uint8), [edge, edge, 3])
    else:
        raise ValueError(f"record encoding: found {encoding!r}, expected one of {', '.join(ENCODINGS)}")
    return tf.ensure_shape(decoded, [edge, edge, 3])
