"""The matrix products of a training graph, alone: what its convolutions come down to, and those of its optimiser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from records.runtime import tf, v1


@dataclass(frozen=True)
class Product:
    """[rows, inner] times [inner, columns], both of a type."""

    rows: int
    inner: int
    columns: int
    dtype: tf.DType

    @property
    def multiply_adds(self) -> int:
        return self.rows * self.inner * self.columns


def products_of(target: tf.Operation) -> list[Product]:
    """Those that an op needs, of batches of a fixed size.

    A convolution of k x k is the product of its unrolled windows [B H W, k k I] and its kernel [k k I, O]; its two
    gradients are products of the same three numbers in another order. Depthwise convolutions, which are no such
    products, are left out.
    """
    return [product for op in _needed(target) for product in _products(op)]


def _needed(target: tf.Operation) -> Iterator[tf.Operation]:
    """The op and all that comes before it: gradients that nobody asks for are in a graph, but never computed."""
    seen, waiting = {target}, [target]
    while waiting:
        op = waiting.pop()
        yield op
        fresh = {*(tensor.op for tensor in op.inputs), *op.control_inputs} - seen
        seen |= fresh
        waiting += fresh


def _products(op: tf.Operation) -> Iterator[Product]:
    if op.type == "Conv2D":
        places, window, outputs = _sizes(maps=op.outputs[0], kernel=op.inputs[1])
        yield Product(places, window, outputs, op.outputs[0].dtype)
    elif op.type == "Conv2DBackpropInput":
        places, window, outputs = _sizes(maps=op.inputs[2], kernel=op.inputs[1])
        yield Product(places, outputs, window, op.outputs[0].dtype)
    elif op.type == "Conv2DBackpropFilter":
        places, window, outputs = _sizes(maps=op.inputs[2], kernel=op.outputs[0])
        yield Product(window, places, outputs, op.outputs[0].dtype)
    elif op.type == "MatMul":
        rows, columns = op.outputs[0].shape
        yield Product(rows, op.inputs[0].shape.num_elements() // rows, columns, op.outputs[0].dtype)


def _sizes(maps: tf.Tensor, kernel: tf.Tensor) -> tuple[int, int, int]:
    """Places of the maps of a batch, numbers in a window, channels that come out."""
    return int(np.prod(maps.shape[:3])), int(np.prod(kernel.shape[:3])), int(kernel.shape[3])


class Products:
    """All of them in a session of their own.

    op: computes each once, none of equal ones for the others; multiply_adds: of all.
    """

    def __init__(self, products: Sequence[Product]):
        self.multiply_adds = sum(product.multiply_adds for product in products)
        with v1.Graph().as_default():
            self.op = tf.group(*(_computed(product) for product in products))
            config = v1.ConfigProto()
            config.graph_options.rewrite_options.disable_meta_optimizer = True  # it would compute equal ones once
            self.session = v1.Session(config=config)
            self.session.run(v1.global_variables_initializer())


def _computed(product: Product) -> tf.Tensor:
    """The op of one; matrices of one shape are one, for those of a large batch take much memory."""
    shapes = (product.rows, product.inner), (product.inner, product.columns)
    with v1.variable_scope("products", reuse=v1.AUTO_REUSE):
        first, second = (
            v1.get_variable(f"{product.dtype.name}_{rows}_{columns}", [rows, columns], product.dtype)
            for rows, columns in shapes
        )
    return tf.matmul(first, second)
