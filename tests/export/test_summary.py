"""export/summary.py: what a graph consists of is counted as on paper."""

import numpy as np
import pytest
import tensorflow as tf

from export.graphs import halved
from export.summary import summarise

v1 = tf.compat.v1


def graph_of(build, name="image", shape=(None, 10, 8, 3)) -> v1.GraphDef:
    with v1.Graph().as_default() as built:
        build(v1.placeholder(tf.float32, shape, name=name))
        return built.as_graph_def()


def zeros(*shape):
    return np.zeros(shape, np.float32)


def small(image):
    x = tf.nn.conv2d(image * 0.5, zeros(3, 5, 3, 4), [1, 2, 1, 1], "SAME")  # [B, 5, 8, 4]
    x = tf.nn.bias_add(x, zeros(4))
    x = tf.nn.depthwise_conv2d(x, zeros(3, 3, 4, 2), [1, 1, 1, 1], "VALID")  # [B, 3, 6, 8]
    x = tf.reshape(x, [-1, 144])
    tf.matmul(x, zeros(144, 7))


def test_parameters_and_products_are_those_of_the_definition():
    summary = summarise(graph_of(small))
    assert summary.parameters == 3 * 5 * 3 * 4 + 4 + 3 * 3 * 4 * 2 + 144 * 7
    convolution, depthwise, matrix = 5 * 8 * 4 * (3 * 5 * 3), 3 * 6 * 8 * (3 * 3), 144 * 7
    assert summary.multiply_adds == convolution + depthwise + matrix
    assert summary.ops["Conv2D"] == summary.ops["DepthwiseConv2dNative"] == summary.ops["MatMul"] == 1
    assert "Const" not in summary.ops
    assert summary.constants == summary.parameters + 1 + 2 + 6  # 0.5, the reshape's shape, two of depthwise_conv2d
    assert summary.bytes == graph_of(small).ByteSize()
    half = summarise(halved(graph_of(small), 0))
    assert (half.parameters, half.multiply_adds, half.ops) == (summary.parameters, summary.multiply_adds, summary.ops)


def test_a_picture_of_any_size_counts_as_one_of_320():
    def enlarged(image):
        x = tf.nn.conv2d(image, zeros(2, 4, 3, 5), [1, 4, 2, 1], "SAME")  # [B, 80, 160, 5]
        x = v1.image.resize_nearest_neighbor(x, tf.shape(x)[1:3] * tf.constant([2, 2]))
        tf.nn.conv2d(x, zeros(1, 1, 5, 7), 1, "SAME")

    summary = summarise(graph_of(enlarged, shape=(None, None, None, 3)))
    assert summary.multiply_adds == 80 * 160 * 5 * (2 * 4 * 3) + 160 * 320 * 5 * 7
    assert "a picture of 320x320" in summary.table() and summarise(graph_of(small)).side is None


def test_a_product_whose_rows_are_several_a_picture_counts_them_all():
    def heat(image):
        x = tf.reshape(tf.transpose(image, [0, 3, 1, 2]), [-1, 80])  # three rows a picture
        tf.matmul(x, zeros(80, 2))

    assert summarise(graph_of(heat)).multiply_adds == 3 * 80 * 2


def test_what_cannot_be_counted_is_said():
    graph = graph_of(small)
    del graph.node[1]
    with pytest.raises(ValueError, match="graph: TensorFlow refuses it: "):
        summarise(graph)
    unknown = graph_of(lambda image: tf.nn.conv2d(image, zeros(3, 3, 3, 4), 1, "SAME", name="x"), shape=None)
    with pytest.raises(ValueError, match="x: found shape .*, expected a known one for one picture"):
        summarise(unknown)
