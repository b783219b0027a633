"""`tf.train.Example`, the form of all records: its features from bytes and numbers, and its bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from records.runtime import tf


def serialised_example(**features: tf.train.Feature) -> bytes:
    """The bytes of an example with these features; the same ones give the same bytes."""
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


def bytes_of(*values: bytes) -> tf.train.Feature:
    """A feature of byte strings, any number of them."""
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def floats_of(values: npt.ArrayLike) -> tf.train.Feature:
    """A feature of float32 numbers, of any shape, which is not kept."""
    return tf.train.Feature(float_list=tf.train.FloatList(value=np.asarray(values, np.float32).ravel().tolist()))


def numbers_of(*values: int) -> tf.train.Feature:
    """A feature of whole numbers."""
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
