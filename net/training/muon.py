"""Muon: momentum whose every step is the nearest orthogonal matrix; for the kernels of convolutions, beside Adam."""

from __future__ import annotations

import numpy as np

from records.runtime import tf, v1

MOMENTUM = 0.95
SCALE = 1.0  # of the root mean square of a step, in learning rates of Adam
ITERATIONS = 5
QUINTIC = 3.4445, -4.7750, 2.0315  # carries singular values from (0, 1] to about 0.7 to 1.2 in five iterations


class MuonOptimizer(v1.train.AdamOptimizer):
    """Adam, but for the kernels for which `orthogonal` is true: their steps are orthogonalised momentum.

    Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024); the size of a step as in Liu et
    al., "Muon is scalable for LLM training" (2025), section 2.2: its root mean square is `SCALE` times the learning
    rate for a matrix of any shape, about that of a step of Adam.
    """

    def __init__(self, learning_rate, orthogonal, name: str = "Muon"):
        """orthogonal: says of a variable [..., inputs, outputs] whether it takes orthogonal steps."""
        super().__init__(learning_rate, name=name)
        self._orthogonal = orthogonal

    def _create_slots(self, var_list):
        others = [variable for variable in var_list if not self._orthogonal(variable)]
        super()._create_slots(others or var_list)  # Adam keeps its own two numbers beside one of them
        for variable in var_list:
            if self._orthogonal(variable):
                self._zeros_slot(variable, "momentum", self._name)

    def _resource_apply_dense(self, grad, handle):
        if not self._orthogonal(handle):
            return super()._resource_apply_dense(grad, handle)
        before = self.get_slot(handle, "momentum")
        momentum = v1.assign(before, MOMENTUM * before + (1 - MOMENTUM) * grad)
        ahead = MOMENTUM * momentum + (1 - MOMENTUM) * grad  # as Nesterov has it
        rows, columns = int(np.prod(handle.shape[:-1])), int(handle.shape[-1])
        step = orthogonalised(tf.reshape(ahead, [rows, columns]))
        size = self._lr_t * SCALE * float(np.sqrt(max(rows, columns)))
        return handle.assign_sub(size * tf.reshape(step, handle.shape), read_value=False)


def orthogonalised(matrix: tf.Tensor) -> tf.Tensor:
    """About the orthogonal factor U V^T of a matrix U S V^T [rows, columns], float32: singular values 0.7 to 1.2.

    By the quintic Newton-Schulz iteration of Jordan et al., x <- p x with p = a + b g + c g^2 and g = x x^T. Every p is
    a polynomial of the first g, so that they commute, and g <- p g p follows without x: matrices of the shorter side
    alone are iterated. In bfloat16 that would not do, for g has the squares of the singular values.
    """
    rows, columns = matrix.shape
    tall = rows > columns
    x = matrix / (tf.norm(matrix) + 1e-7)
    square = tf.matmul(x, x, transpose_a=tall, transpose_b=not tall)
    factor = product = _factor(square)
    for _ in range(ITERATIONS - 1):
        square = tf.matmul(tf.matmul(factor, square), factor)
        factor = _factor(square)
        product = tf.matmul(factor, product)
    return tf.matmul(x, product) if tall else tf.matmul(product, x)


def _factor(square: tf.Tensor) -> tf.Tensor:
    """p of an iteration for its g, both float32 [n, n]."""
    a, b, c = QUINTIC
    return a * tf.eye(int(square.shape[0])) + b * square + c * tf.matmul(square, square)
