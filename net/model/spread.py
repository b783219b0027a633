"""How far off each point may be, from its heat map: how widely the heat is spread, or what a small head has learned.

The head is a map of doubt for each point, a convolution of the decoder's last map, whose mean under the point's heat is
the logarithm of the error to be expected. It learns by the likelihood of a Laplace distribution: A. Kendall and Y. Gal,
"What Uncertainties Do We Need in Bayesian Deep Learning for Computer Vision?", NIPS 2017, section 3.1; of landmarks as
in A. Kumar et al., "LUVLi Face Alignment", CVPR 2020. No gradient leaves it, so that the points stay what they are.
"""

from __future__ import annotations

import numpy as np

from net.model.layers import conv
from net.model.losses import mean_over
from records.runtime import tf, v1

SPREAD_SCOPE = "spread_of_heat/"  # of the nodes that make it of the heat, wherever this is asked for
START = 0.02  # fractions of the picture: what an untrained head answers, about the mean error


def heat_spread(chance: tf.Tensor, side: int) -> tf.Tensor:
    """Root of the covariance's trace of places under the heat: [N, side^2], a softmax -> [N, 1], fractions.

    A variance is half the mean squared distance of two places drawn by chance: a sum without a difference of nearly
    equal numbers, which has no negative results in any runtime.
    """
    with tf.name_scope(SPREAD_SCOPE):
        lines = tf.matmul(chance, tf.constant(lines_of_cells(side)))  # [N, 2 side]: of columns, then of rows
        distances = tf.matmul(lines, tf.constant(half_squares(side)))
        return tf.sqrt(total(lines * distances))


def learned_spread(chance: tf.Tensor, maps: tf.Tensor, points: int) -> tf.Tensor:
    """The error that the head expects of each point: [B * K, cells], a softmax, and the decoder's map -> [B * K, 1]."""
    with v1.variable_scope("integral"):
        # from zero: the maps are of any size, and the spread is the exponential of what the head answers
        doubt = tf.cast(conv("doubt", tf.stop_gradient(maps), points, 1, 1, bias=True, zero=True), tf.float32)
    with tf.name_scope(SPREAD_SCOPE):
        doubt = tf.reshape(tf.transpose(doubt, [0, 3, 1, 2]), [-1, chance.shape[-1]])  # [B * K, cells], as the heat
        mean = total(tf.stop_gradient(chance) * doubt)
        return tf.exp(tf.nn.bias_add(mean, tf.constant([np.log(START)], tf.float32)))


def total(values: tf.Tensor) -> tf.Tensor:
    """The sums of rows, [N, M] -> [N, 1].

    By a product with ones, each of them written out: OpenCV's sums of one axis do not follow the batch, and it does not
    read a constant that says one number once.
    """
    return tf.matmul(values, tf.constant(np.ones((values.shape[-1], 1), np.float32)))


def lines_of_cells(side: int) -> np.ndarray:
    """Which cells of a side x side map, row by row, are in each column and in each row: float32 [side^2, 2 side]."""
    one = np.eye(side, dtype=np.float32)
    return np.concatenate([np.tile(one, (side, 1)), np.repeat(one, side, axis=0)], axis=1)


def half_squares(side: int) -> np.ndarray:
    """Half the squared distances, fractions, of columns from columns, rows from rows: float32 [2 side, 2 side]."""
    places = np.arange(side) / side
    return np.kron(np.eye(2), np.square(places[:, None] - places) / 2).astype(np.float32)


def laplace_loss(spread: tf.Tensor, predicted: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Mean of ln(s) + r / s over the known points, float32 []: negative log-likelihood of errors r, less a constant.

    spread: s, [B, K], r: distance of predicted [B, 2K] from label [B, 2K], all in fractions of the crop's side; NaN in
    a label: unknown. It is least where s is the mean of r. The predictions get no gradient.
    """
    known = tf.math.is_finite(label[:, ::2])
    known_both = tf.math.is_finite(label)
    squares = tf.square(tf.stop_gradient(predicted) - tf.where(known_both, label, tf.stop_gradient(predicted)))
    error = tf.sqrt(squares[:, ::2] + squares[:, 1::2])
    return mean_over(known, tf.math.log(spread) + error / spread)
