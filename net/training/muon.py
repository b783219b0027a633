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

    def __init__(self, learning_rate, orthogonal, dtype=tf.float32, name: str = "Muon"):
        """orthogonal: says of a variable [..., inputs, outputs] whether it takes orthogonal steps; dtype: of their
        iterations: bfloat16 does as well in half the time, where the processor has it."""
        super().__init__(learning_rate, name=name)
        self._orthogonal, self._dtype = orthogonal, dtype

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
        step = orthogonalised(tf.reshape(ahead, [rows, columns]), self._dtype)
        size = self._lr_t * SCALE * float(np.sqrt(max(rows, columns)))
        return handle.assign_sub(size * tf.reshape(step, handle.shape), read_value=False)


def orthogonalised(matrix: tf.Tensor, dtype=tf.float32) -> tf.Tensor:
    """About the orthogonal factor U V^T of a matrix U S V^T [rows, columns], float32: singular values 0.7 to 1.2.

    By the quintic Newton-Schulz iteration of Jordan et al. dtype: of the iterations.
    """
    rows, columns = matrix.shape
    x = tf.cast(matrix / (tf.norm(matrix) + 1e-7), dtype)
    x = tf.transpose(x) if rows > columns else x
    a, b, c = QUINTIC
    for _ in range(ITERATIONS):
        square = tf.matmul(x, x, transpose_b=True)
        x = a * x + tf.matmul(b * square + c * tf.matmul(square, square), x)
    return tf.cast(tf.transpose(x) if rows > columns else x, tf.float32)
