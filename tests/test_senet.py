import numpy as np
import pytest
import tensorflow as tf

from net import senet as module
from net.senet import Shape, senet

v1 = tf.compat.v1
RNG = np.random.default_rng(4)
TINY = Shape(points=5, width=8, depth=2, decoder=6, size=64)
DENSE = Shape(points=7, width=8, depth=1, head="dense", decoder=3, size=96)


def run(build, *values):
    """build(*constants) in a graph of its own, every variable random: the result and the variables by name."""
    with v1.Graph().as_default(), v1.Session() as session:
        result = build(*(tf.constant(value) for value in values))
        for variable in v1.global_variables():
            low = 0.5 if "variance" in variable.name else -1.0
            variable.load(RNG.uniform(low, 1.5, variable.shape).astype(np.float32), session)
        names = session.run({variable.op.name: variable for variable in v1.global_variables()})
        return session.run(result), names


def conv_numpy(x, weights, stride):
    """SAME convolution, pixel by pixel."""
    size, height, width = weights.shape[0], *x.shape[1:3]
    out = [-(-height // stride), -(-width // stride)]
    total = [max((n - 1) * stride + size - m, 0) for n, m in zip(out, (height, width), strict=True)]
    x = np.pad(x, [(0, 0), *[(t // 2, t - t // 2) for t in total], (0, 0)])
    y = np.zeros((x.shape[0], *out, weights.shape[3]))
    for row in range(out[0]):
        for column in range(out[1]):
            window = x[:, row * stride : row * stride + size, column * stride : column * stride + size]
            y[:, row, column] = np.tensordot(window, weights, 3)
    return y


def norm_numpy(x, names, scope):
    scale, offset, mean, variance = (names[f"{scope}/{part}"] for part in ("scale", "offset", "mean", "variance"))
    return (x - mean) / np.sqrt(variance + 1e-3) * scale + offset


def excite_numpy(x, names, scope):
    gate = x.mean(axis=(1, 2))
    gate = gate @ names[f"{scope}/squeeze/weights"][0, 0] + names[f"{scope}/squeeze/bias"]
    gate = np.maximum(gate, 0) @ names[f"{scope}/excite/weights"][0, 0] + names[f"{scope}/excite/bias"]
    return x * (1 / (1 + np.exp(-gate)))[:, None, None, :]


def relu(x):
    return np.maximum(x, 0)


def test_squeeze_excite_restated():
    x = RNG.normal(size=(2, 3, 5, 16)).astype(np.float32)
    found, names = run(lambda x: module.squeeze_excite("se", x), x)
    assert names["se/squeeze/weights"].shape == (1, 1, 16, 2)
    np.testing.assert_allclose(found, excite_numpy(x, names, "se"), rtol=1e-4, atol=1e-5)


def test_batch_norm_restated_for_inference():
    x = RNG.normal(size=(2, 3, 5, 4)).astype(np.float32)
    found, names = run(lambda x: module.batch_norm("bn", x, False), x)
    np.testing.assert_allclose(found, norm_numpy(x, names, "bn"), rtol=1e-4, atol=1e-4)


def test_batch_norm_restated_in_training_with_its_averages():
    x = RNG.normal(2, 3, size=(2, 3, 5, 4)).astype(np.float32)
    with v1.Graph().as_default(), v1.Session() as session:
        y = module.batch_norm("bn", tf.constant(x), True)
        session.run(v1.global_variables_initializer())
        found, _ = session.run([y, v1.get_collection(v1.GraphKeys.UPDATE_OPS)])
        names = {variable.op.name: session.run(variable) for variable in v1.global_variables()}
    flat = x.reshape(-1, 4)
    np.testing.assert_allclose(found, (x - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-3), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(names["bn/mean"], 0.01 * flat.mean(0), rtol=1e-4)
    np.testing.assert_allclose(names["bn/variance"], 0.99 + 0.01 * flat.var(0, ddof=1), rtol=1e-5)


@pytest.mark.parametrize("stride, inputs", [(2, 8), (1, 16)])
def test_a_block_restated(stride, inputs):
    x = RNG.normal(size=(2, 4, 6, inputs)).astype(np.float32)
    found, names = run(lambda x: module.block("b", x, 16, stride, False), x)
    y = relu(norm_numpy(conv_numpy(x, names["b/conv1/conv/weights"], stride), names, "b/conv1/bn"))
    y = excite_numpy(norm_numpy(conv_numpy(y, names["b/conv2/weights"], 1), names, "b/bn2"), names, "b/se")
    if stride == 2:
        shortcut = norm_numpy(x[:, ::2, ::2] @ names["b/conv0/weights"][0, 0], names, "b/bn0")
    else:
        shortcut = x
        assert not any("conv0" in name for name in names)
    np.testing.assert_allclose(found, relu(shortcut + y), rtol=1e-3, atol=1e-3)


def test_soft_argmax_restated():
    heat = RNG.normal(size=(2, 3, 5, 4)).astype(np.float32)
    found, _ = run(module.soft_argmax, heat)
    weight = np.exp(heat) / np.exp(heat).sum(axis=(1, 2), keepdims=True)
    x = (weight * ((np.arange(5) + 0.5) / 5)[None, None, :, None]).sum(axis=(1, 2))
    y = (weight * ((np.arange(3) + 0.5) / 3)[None, :, None, None]).sum(axis=(1, 2))
    np.testing.assert_allclose(found.reshape(2, 4, 2), np.stack([x, y], axis=2), atol=1e-5)


def test_a_sharp_peak_is_its_cells_centre():
    heat = np.zeros((1, 3, 5, 2), np.float32)
    heat[0, 2, 1, 0] = heat[0, 0, 4, 1] = 80
    found, _ = run(module.soft_argmax, heat)
    np.testing.assert_allclose(found, [[1.5 / 5, 2.5 / 3], [4.5 / 5, 0.5 / 3]], atol=1e-6)


def trainable_count(shape: Shape) -> int:
    """The network's parameters by formula: kernels, and scale and offset of each batch norm."""

    def conv_bn(kernel, inputs, outputs):
        return kernel**2 * inputs * outputs + 2 * outputs

    total, inputs = conv_bn(3, 3, shape.width), shape.width
    for stage in range(4):
        c = shape.width * 2**stage
        total += conv_bn(1, inputs, c)
        for _ in range(shape.depth):
            total += conv_bn(3, inputs, c) + conv_bn(3, c, c) + 2 * c * (c // 8) + c // 8 + c
            inputs = c
    d, top = shape.decoder, 8 * shape.width
    if shape.head == "dense":
        cells = (shape.size // 32) ** 2 * d
        return total + conv_bn(1, top, d) + (cells + 1) * 2 * shape.points
    return total + (top + top // 2 + top // 4) * d + 2 * conv_bn(3, d, d) + (d + 1) * shape.points


@pytest.mark.parametrize("shape", [TINY, DENSE, Shape(3, 16, 1, "integral", 5, 32)])
def test_the_number_of_parameters(shape):
    with v1.Graph().as_default():
        answer = senet(v1.placeholder(tf.float32, [None, shape.size, shape.size, 3]), shape, False)
        assert sum(variable.shape.num_elements() for variable in v1.trainable_variables()) == trainable_count(shape)
        assert answer.shape.as_list() == [None, 2 * shape.points]


@pytest.mark.parametrize("shape", [TINY, DENSE])
def test_the_inference_graph_is_plain(shape):
    with v1.Graph().as_default() as graph:
        answer = senet(v1.placeholder(tf.float32, [None, shape.size, shape.size, 3]), shape, False, 0.5)
        assert (answer.name, answer.op.type) == ("landmarks:0", "Reshape")
        assert v1.get_collection(v1.GraphKeys.UPDATE_OPS) == []
        norms = [op for op in graph.get_operations() if op.type == "FusedBatchNormV3"]
        assert norms and not any(op.get_attr("is_training") for op in norms)
        whole = v1.graph_util.extract_sub_graph(graph.as_graph_def(), ["landmarks"])
        kinds = {node.op for node in whole.node}
    assert not {kind for kind in kinds if "Random" in kind or "Assign" in kind or "If" in kind}
    assert {kind for kind in kinds if "Placeholder" in kind} == {"Placeholder"}


def test_the_training_graph_has_dropout_and_updates_where_asked_for():
    def kinds(dropout):
        with v1.Graph().as_default() as graph:
            senet(v1.placeholder(tf.float32, [None, 32, 32, 3]), Shape(2, 8, 1, "dense", 3, 32), True, dropout, [1, 2])
            updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
            assert len(updates) == 2 * sum(op.type == "FusedBatchNormV3" for op in graph.get_operations())
            return {op.type for op in graph.get_operations()}

    assert {kind.startswith("StatelessRandomUniform") for kind in kinds(0.5) - kinds(0.0)} >= {True}


def test_pixels_are_scaled_by_the_first_op():
    with v1.Graph().as_default() as graph, v1.Session() as session:
        image = v1.placeholder(tf.uint8, [None, 32, 32, 3])
        senet(image, Shape(2, 8, 1, "dense", 3, 32), False)
        first = next(op for op in graph.get_operations() if op.type == "Conv2D").inputs[0]
        pixels = RNG.integers(0, 256, (2, 32, 32, 3), np.uint8)
        np.testing.assert_allclose(session.run(first, {image: pixels}), pixels / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("shape", [TINY, DENSE])
def test_both_heads_answer_every_face_by_itself(shape):
    images = RNG.uniform(0, 255, (3, shape.size, shape.size, 3)).astype(np.float32)
    with v1.Graph().as_default(), v1.Session() as session:
        image = v1.placeholder(tf.float32, [None, shape.size, shape.size, 3])
        answer = senet(image, shape, False)
        session.run(v1.global_variables_initializer())
        together = session.run(answer, {image: images})
        alone = session.run(answer, {image: images[1:2]})
    assert together.shape == (3, 2 * shape.points)
    np.testing.assert_allclose(together[1:2], alone, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-4


def test_dropout_is_a_function_of_its_seed():
    x = RNG.uniform(1, 2, (5, 7, 11)).astype(np.float32)
    seeds = [1, 2], [1, 2], [1, 3]
    first, again, other = (module.drop(tf.constant(x), 0.25, tf.constant(s, tf.int64)).numpy() for s in seeds)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    kept = first != 0
    np.testing.assert_allclose(first[kept], x[kept] / 0.75, rtol=1e-6)
    assert 0.65 < kept.mean() < 0.85


def test_weight_decay_pulls_at_kernels_alone():
    with v1.Graph().as_default():
        senet(v1.placeholder(tf.float32, [None, 96, 96, 3]), DENSE, True)
        v1.get_variable("other/weights", [2])
        names = {variable.op.name for variable in module.weights_of()}
        assert all(name.startswith("senet/") and name.endswith("weights") for name in names)
        # stem, four blocks of five kernels, the head's two
        assert len(names) == 1 + 4 * 5 + 2


@pytest.mark.parametrize(
    "change, message",
    [
        ({"head": "conv"}, "head: found 'conv', expected one of integral, dense"),
        ({"width": 12}, "width divisible by 8"),
        ({"width": 0}, "expected positive numbers"),
        ({"points": 0}, "expected positive numbers"),
        ({"depth": 0}, "expected positive numbers"),
        ({"decoder": -1}, "expected positive numbers"),
        ({"size": 100}, "size is 100, expected a multiple of 32"),
        ({"size": 0}, "expected"),
    ],
)
def test_impossible_shapes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Shape(**change)
