"""How much training faces count, by how far off a teacher says that their labels may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from records.mixes import weight_of
from records.runtime import tf


def weigher(weigh: Mapping[str, float], subsets: Sequence[str]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """A function of doubts float32 [B] and subsets string [B] that answers how much each face counts, float32 [B].

    weigh: by name or pattern of subsets, the doubt with which a face counts half, in fractions of the crop's side, over
    0; subsets: all that there are. A face of another subset counts whole, as one whose doubt is unknown (NaN). The
    weight is 1 / (1 + (doubt / half)^2), that of Cauchy's estimate: Holland and Welsch, "Robust regression using
    iteratively reweighted least-squares" (1977).
    """
    halves = np.array([weight_of(name, weigh, np.inf) for name in subsets], np.float32)

    def weights(doubt: tf.Tensor, subset: tf.Tensor) -> tf.Tensor:
        half = tf.gather(halves, tf.argmax(tf.equal(subset[:, None], list(subsets)), axis=1))
        weight = 1 / (1 + tf.square(doubt / half))
        return tf.where(tf.math.is_finite(doubt), weight, tf.ones_like(weight))

    return weights
