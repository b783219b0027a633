"""One record: what a face is on disk, encoded and decoded. The only file that knows the keys.

| key     | type           | what                                                                                    |
|---------|----------------|-----------------------------------------------------------------------------------------|
| image   | bytes          | the crop with its border of context, RGB: a JPEG, or raw uint8 [edge, edge, 3]          |
| label   | float32 [2K]   | x0 y0 x1 y1 ..., fractions of the crop's side (without the border); NaN: point unknown  |
| pose    | float32 [3]    | pitch, yaw, roll in radians; NaN: unknown                                               |
| side    | float32        | the crop's side in pixels of the picture it was cut from                                |
| subset  | bytes          | which set the face comes from, UTF-8                                                    |
| name    | bytes          | name of its picture, UTF-8                                                              |
| source  | bytes          | what no split may part (a photo, a person), UTF-8; empty in sets made before it was kept |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from records.examples import bytes_of, floats_of, serialised_example
from records.manifest import ENCODINGS
from records.runtime import tf

SIZE = 128  # pixels of the crop that the network sees


@dataclass(frozen=True)
class Record:
    """One face: image bytes as encoded, label float32 [2K], pose float32 [3], side in pixels, subset, name, source."""

    image: bytes
    label: np.ndarray
    pose: np.ndarray
    side: float
    subset: str
    name: str
    source: str = ""


def encode(record: Record) -> bytes:
    """The serialised `tf.train.Example` of a record; the same record gives the same bytes.

    Raises ValueError on a label that is not flat or a pose that is not [3].
    """
    if record.label.ndim != 1 or record.label.size % 2 or record.pose.shape != (3,):
        raise ValueError(
            f"{record.name}: label is {record.label.shape}, pose {record.pose.shape}, expected (2K,) and (3,)"
        )
    return serialised_example(
        image=bytes_of(record.image),
        label=floats_of(record.label),
        pose=floats_of(record.pose),
        side=floats_of([record.side]),
        subset=bytes_of(record.subset.encode()),
        name=bytes_of(record.name.encode()),
        source=bytes_of(record.source.encode()),
    )


def decode(serialised: tf.Tensor, encoding: str, context: int, count: int) -> dict[str, tf.Tensor]:
    """The tensors of a serialised record.

    Returns image uint8 [edge, edge, 3] RGB with edge = 128 + 2 * context, label float32 [2 * count], pose float32 [3],
    side float32 [], subset, name and source string []. Raises ValueError on an unknown encoding.
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
        "subset": tf.io.FixedLenFeature([], tf.string),
        "name": tf.io.FixedLenFeature([], tf.string),
        "source": tf.io.FixedLenFeature([], tf.string, ""),
    }
    return tf.io.parse_example(serialised, keys)


def decode_image(image: tf.Tensor, encoding: str, context: int) -> tf.Tensor:
    """The picture uint8 [edge, edge, 3] RGB of a record's image bytes. Raises ValueError on an unknown encoding."""
    edge = SIZE + 2 * context
    if encoding == "jpeg":
        decoded = tf.io.decode_jpeg(image, channels=3, dct_method="INTEGER_ACCURATE")
    elif encoding == "raw":
        decoded = tf.reshape(tf.io.decode_raw(image, tf.uint8), [edge, edge, 3])
    else:
        raise ValueError(f"record encoding: found {encoding!r}, expected one of {', '.join(ENCODINGS)}")
    return tf.ensure_shape(decoded, [edge, edge, 3])
