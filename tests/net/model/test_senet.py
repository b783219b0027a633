import contextlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
import tensorflow as tf

from export.checkpoint import frozen_graph
from net.model import senet as module
from net.model.senet import Shape, senet

v1 = tf.compat.v1
RNG = np.random.default_rng(4)
TINY = Shape(points=5, width=8, depth=1, decoder=6, size=64)
DENSE = Shape(points=7, width=8, depth=1, head="dense", decoder=3, size=96)
BLEND = Shape(points=6, block="inverted", width=16, widest=24, head="blend", decoder=5, cell=4, border=2, size=64)
SHAPES = [TINY, DENSE, BLEND]
FLAT = Shape(points=2, width=8, head="dense", decoder=3, size=32)


def run(build, *values):
    """build(*constants) in a graph of its own, every variable random: the result and the variables by name."""
    with v1.Graph().as_default(), v1.Session() as session:
        result = build(*(tf.constant(value) for value in values))
        names = {variable.op.name: RNG.uniform(lowest(variable), 1.5, variable.shape) for variable in every()}
        load(session, names)
        return session.run(result), names


def every():
    return v1.global_variables()


def lowest(variable):
    return 0.5 if "variance" in variable.op.name else -1.0


def load(session, values):
    """Gives the variables of the graph these values, by name, all in one run."""
    starts = {variable.op.name: variable.initializer for variable in every() if variable.op.name in values}
    session.run(list(starts.values()), {start.inputs[1]: values[name] for name, start in starts.items()})


def images_of(shape, count=3):
    return RNG.uniform(0, 255, (count, shape.size, shape.size, 3)).astype(np.float32)


def placeholder(shape):
    return v1.placeholder(tf.float32, [None, shape.size, shape.size, 3], name="image")


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


def depthwise_numpy(x, weights, stride):
    """The same of each channel by itself: a full kernel that is zero off its diagonal."""
    full = np.zeros((3, 3, x.shape[3], x.shape[3]))
    full[:, :, range(x.shape[3]), range(x.shape[3])] = weights[..., 0]
    return conv_numpy(x, full, stride)


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


def shortcut_numpy(x, names, scope):
    """Every second pixel through a matrix, where the block has one; x itself elsewhere."""
    if f"{scope}/conv0/weights" not in names:
        return x
    return norm_numpy(x[:, ::2, ::2] @ names[f"{scope}/conv0/weights"][0, 0], names, f"{scope}/bn0")


def test_the_stem_restated():
    x = RNG.normal(size=(2, 8, 12, 3)).astype(np.float32)
    found, names = run(lambda x: module.stem(x, 5, False), x)
    y = relu(norm_numpy(conv_numpy(x, names["stem/conv/weights"], 2), names, "stem/bn"))
    assert found.shape == (2, 2, 3, 5)
    np.testing.assert_allclose(found, y.reshape(2, 2, 2, 3, 2, 5).max(axis=(2, 4)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_depthwise_convolution_restated(stride):
    x = RNG.normal(size=(2, 5, 6, 4)).astype(np.float32)
    found, names = run(lambda x: module.depthwise("dw", x, stride), x)
    assert names["dw/weights"].shape == (3, 3, 4, 1)
    np.testing.assert_allclose(found, depthwise_numpy(x, names["dw/weights"], stride), rtol=1e-3, atol=1e-4)


def test_a_fresh_depthwise_convolution_keeps_the_size_of_its_input():
    with v1.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(3)
        module.depthwise("dw", tf.zeros([1, 4, 4, 512]), 1)
        session.run(v1.global_variables_initializer())
        weights = session.run(v1.global_variables()[0])
    assert weights.var() == pytest.approx(2 / 9, rel=0.1)  # He et al.: 2 / inputs of an output


@pytest.mark.parametrize("stride, inputs", [(2, 8), (1, 16)])
def test_an_inverted_block_restated(stride, inputs):
    x = RNG.normal(size=(2, 4, 6, inputs)).astype(np.float32)
    found, names = run(lambda x: module.inverted("b", x, 16, stride, False), x)
    assert names["b/expand/conv/weights"].shape == (1, 1, inputs, 2 * inputs)
    y = relu(norm_numpy(x @ names["b/expand/conv/weights"][0, 0], names, "b/expand/bn"))
    y = relu(norm_numpy(depthwise_numpy(y, names["b/depthwise/weights"], stride), names, "b/bn1"))
    y = norm_numpy(excite_numpy(y, names, "b/se") @ names["b/project/weights"][0, 0], names, "b/bn2")
    assert ("b/conv0/weights" in names) == (stride == 2)
    np.testing.assert_allclose(found, shortcut_numpy(x, names, "b") + y, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("stride, inputs", [(2, 8), (1, 16)])
def test_a_residual_block_restated(stride, inputs):
    x = RNG.normal(size=(2, 4, 6, inputs)).astype(np.float32)
    found, names = run(lambda x: module.residual("b", x, 16, stride, False), x)
    y = relu(norm_numpy(conv_numpy(x, names["b/conv1/conv/weights"], stride), names, "b/conv1/bn"))
    y = excite_numpy(norm_numpy(conv_numpy(y, names["b/conv2/weights"], 1), names, "b/bn2"), names, "b/se")
    assert ("b/conv0/weights" in names) == (stride == 2)
    np.testing.assert_allclose(found, relu(shortcut_numpy(x, names, "b") + y), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("border", [0, 2])
def test_centres_of_cells_are_fractions_of_the_picture_row_by_row(border):
    found = module.cell_centres(3, border)
    side = 3 + 2 * border
    assert found.shape == (side**2, 2) and found.dtype == np.float32
    for row in range(side):
        for column in range(side):
            place = (column - border + 0.5) / 3, (row - border + 0.5) / 3
            np.testing.assert_allclose(found[row * side + column], place, atol=1e-6)


def test_the_mean_place_restated():
    heat = RNG.normal(size=(5, 9)).astype(np.float32)
    centres = module.cell_centres(3)
    found, _ = run(lambda heat: module.mean_place(heat, centres), heat)
    weight = np.exp(heat) / np.exp(heat).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, weight @ centres, atol=1e-5)


def test_a_sharp_peak_is_its_cells_centre_inside_and_outside_the_picture():
    heat = np.zeros((2, 7, 7), np.float32)
    heat[0, 4, 3] = heat[1, 0, 6] = 80  # two cells beyond the picture on every side
    found, _ = run(lambda heat: module.mean_place(heat, module.cell_centres(3, 2)), heat.reshape(2, 49))
    np.testing.assert_allclose(found, [[1.5 / 3, 2.5 / 3], [4.5 / 3, -1.5 / 3]], atol=1e-6)


def heat_numpy(maps, names, shape):
    """The decoder's maps [B, rows, columns, K], from the stages' maps; `border` is in cells of the last of them."""

    def matrix(x, name):
        return x @ names[f"integral/{name}/weights"][0, 0]

    def pad(x, cells):
        return np.pad(x, [(0, 0), (cells, cells), (cells, cells), (0, 0)])

    borders = {
        4: {3: shape.border // 4, 2: shape.border // 2, 1: shape.border},
        8: {3: shape.border // 2, 2: shape.border},
    }
    x = matrix(maps[3], "top")
    for level, border in borders[shape.cell].items():
        lateral = pad(matrix(maps[level - 1], f"lateral{level}"), border)
        x = x.repeat(2, axis=1).repeat(2, axis=2)
        x = pad(x, (lateral.shape[1] - x.shape[1]) // 2) + lateral
        x = conv_numpy(x, names[f"integral/merge{level}/conv/weights"], 1)
        x = relu(norm_numpy(x, names, f"integral/merge{level}/bn"))
    return matrix(x, "heat") + names["integral/heat/bias"]


@pytest.mark.parametrize("border", [0, 1, 2])
@pytest.mark.parametrize("cell", [4, 8])
def test_heat_maps_restated(cell, border):
    shape = Shape(points=3, width=8, decoder=4, cell=cell, border=border, size=32)
    maps = [RNG.normal(size=(2, 8 >> level, 8 >> level, 2 + level)).astype(np.float32) for level in range(4)]
    (heat, centres), names = run(lambda *maps: fetchable(module.heat_maps(list(maps), shape, False)), *maps)
    np.testing.assert_array_equal(centres, module.cell_centres(32 // cell, border))
    expected = heat_numpy(maps, names, shape)
    assert expected.shape == (2, 32 // cell + 2 * border, 32 // cell + 2 * border, 3)
    found = heat.reshape(2, 3, *expected.shape[1:3]).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def fetchable(pair):
    """Both as tensors, so that a session answers both."""
    return [tf.convert_to_tensor(one) for one in pair]


def ramps(side):
    """Maps [1, side, side, 2] of where each cell is, as a trained network knows it."""
    return 4 * module.cell_centres(side).reshape(1, side, side, 2) - 2


@pytest.mark.parametrize("border", [0, 2])
def test_the_answer_can_lie_outside_the_picture_where_the_maps_reach_beyond_it(border):
    """Trained to put both points at (-0.05, 1.05), outside, the answer goes there; without a border it cannot."""
    shape = Shape(points=2, width=8, decoder=8, border=border, size=64)
    with v1.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(2)
        maps = [tf.constant(ramps(16 >> level)) for level in range(4)]
        points = module.mean_place(*module.heat_maps(maps, shape, True))
        loss = tf.reduce_mean(tf.square(points - [-0.05, 1.05]))
        step = v1.train.AdamOptimizer(0.02).minimize(loss)
        session.run(v1.global_variables_initializer())
        for _ in range(120):
            session.run(step)
        x, y = session.run(points).T
    if border:
        np.testing.assert_allclose(x, -0.05, atol=0.03)
        np.testing.assert_allclose(y, 1.05, atol=0.03)
    else:
        assert (x > 0).all() and (y < 1).all()


@pytest.mark.parametrize("shape", [BLEND, replace(TINY, head="blend")])
def test_a_blend_starts_as_the_answer_of_its_heat_maps(shape):
    with v1.Graph().as_default(), v1.Session() as session:
        image = placeholder(shape)
        answer = senet(image, shape, False)
        places = tf.reshape(module.mean_place(answer.heat, answer.centres), [-1, 2 * shape.points])
        session.run(v1.global_variables_initializer())
        images = images_of(shape)
        fresh, expected = session.run([answer.landmarks, places], {image: images})
        shift = RNG.normal(size=2 * shape.points).astype(np.float32)
        load(session, {"senet/dense/bias": shift})
        moved = session.run(answer.landmarks, {image: images})
    np.testing.assert_array_equal(fresh, expected)
    np.testing.assert_allclose(moved, expected + shift, atol=1e-6)


def test_a_dense_head_starts_around_the_middle():
    with v1.Graph().as_default(), v1.Session() as session:
        image = placeholder(DENSE)
        answer = senet(image, DENSE, False)
        assert answer.heat is answer.centres is None
        session.run(v1.global_variables_initializer())
        weights = session.run({value.op.name: value for value in v1.trainable_variables("senet/dense")})
        np.testing.assert_array_equal(weights["senet/dense/bias"], 0.5)
        assert weights["senet/dense/weights"].std() > 0.01
        load(session, {"senet/dense/weights": 0 * weights["senet/dense/weights"]})
        np.testing.assert_array_equal(session.run(answer.landmarks, {image: images_of(DENSE)}), 0.5)


def test_the_pose_is_a_matrix_on_the_mean_of_the_last_map():
    last = RNG.normal(size=(2, 3, 5, 4)).astype(np.float32)
    found, names = run(module.pose_head, last)
    assert list(names) == ["senet/pose/weights"]
    np.testing.assert_allclose(found, last.mean(axis=(1, 2)) @ names["senet/pose/weights"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_bfloat16_maps_give_nearly_the_same_landmarks_in_float32(shape):
    with v1.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(5)
        image = placeholder(shape)
        exact, coarse = (senet(image, shape, True, dtype=dtype) for dtype in (tf.float32, tf.bfloat16))
        assert (exact.last.dtype, coarse.last.dtype) == (tf.float32, tf.bfloat16)
        assert exact.landmarks.dtype == coarse.landmarks.dtype == tf.float32
        assert coarse.heat is None or coarse.heat.dtype == tf.float32
        assert {value.dtype.base_dtype for value in v1.global_variables()} == {tf.float32}
        session.run(v1.global_variables_initializer())
        expected, found = session.run([exact.landmarks, coarse.landmarks], {image: images_of(shape, 8)})
    difference = np.abs(found - expected)
    assert difference.max() > 0 and difference.mean() < 0.1 * expected.std()


def conv_bn(kernel, inputs, outputs):
    """Parameters of a kernel, and scale and offset of its batch norm."""
    return kernel**2 * inputs * outputs + 2 * outputs


def excite(channels):
    return 2 * channels * (channels // 8) + channels // 8 + channels


def block_count(shape, inputs, c):
    if shape.block == "residual":
        return conv_bn(3, inputs, c) + conv_bn(3, c, c) + excite(c)
    wide = 2 * inputs
    return conv_bn(1, inputs, wide) + 9 * wide + 2 * wide + excite(wide) + conv_bn(1, wide, c)


def trainable_count(shape: Shape) -> int:
    """The network's parameters by formula."""
    total, inputs, channels = conv_bn(3, 3, shape.width), shape.width, []
    for stage in range(4):
        c = min(shape.width * 2**stage, shape.widest)
        total += conv_bn(1, inputs, c) if stage else 0  # the first stage keeps what the stem gives
        for _ in range(shape.depth):
            total, inputs = total + block_count(shape, inputs, c), c
        channels.append(c)
    d = shape.decoder
    if shape.head != "integral":
        cells = (shape.size // 32) ** 2 * d
        total += conv_bn(1, channels[3], d) + (cells + 1) * 2 * shape.points
    if shape.head != "dense":
        levels = 2 if shape.cell == 8 else 3
        total += sum(channels[-1 - levels :]) * d + levels * conv_bn(3, d, d) + (d + 1) * shape.points
    return total


@pytest.mark.parametrize(
    "shape", [*SHAPES, Shape(3, width=16, widest=32, depth=2, decoder=5, cell=4, size=32), replace(BLEND, depth=2)]
)
def test_the_number_of_parameters(shape):
    with v1.Graph().as_default():
        answer = senet(placeholder(shape), shape, False).landmarks
        assert sum(variable.shape.num_elements() for variable in v1.trainable_variables()) == trainable_count(shape)
        assert answer.shape.as_list() == [None, 2 * shape.points]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_inference_graph_is_plain(shape):
    with v1.Graph().as_default() as graph:
        answer = senet(placeholder(shape), shape, False, 0.5).landmarks
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
            senet(placeholder(FLAT), FLAT, True, dropout, [1, 2])
            updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
            assert len(updates) == 2 * sum(op.type == "FusedBatchNormV3" for op in graph.get_operations())
            return {op.type for op in graph.get_operations()}

    assert {kind.startswith("StatelessRandomUniform") for kind in kinds(0.5) - kinds(0.0)} >= {True}


def test_pixels_are_scaled_by_the_first_op():
    with v1.Graph().as_default() as graph, v1.Session() as session:
        image = v1.placeholder(tf.uint8, [None, 32, 32, 3])
        senet(image, FLAT, False)
        first = next(op for op in graph.get_operations() if op.type == "Conv2D").inputs[0]
        pixels = RNG.integers(0, 256, (2, 32, 32, 3), np.uint8)
        np.testing.assert_allclose(session.run(first, {image: pixels}), pixels / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_heads_answer_every_face_by_itself(shape):
    images = images_of(shape)
    with v1.Graph().as_default(), v1.Session() as session:
        image = placeholder(shape)
        answer = senet(image, shape, False).landmarks
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
        senet(placeholder(DENSE), DENSE, True)
        v1.get_variable("other/weights", [2])
        names = {variable.op.name for variable in module.weights_of()}
        assert all(name.startswith("senet/") and name.endswith("weights") for name in names)
        # stem, four blocks of four kernels, the three shortcuts of those that halve, the head's two
        assert len(names) == 1 + 4 * 4 + 3 + 2


class Fresh:
    """Stands for a run to freeze: an untrained network, its batch norms as unlike the identity as trained ones."""

    MOVED = ("/scale", "/offset", "/mean", "/variance", "/bias", "dense/weights")

    def __init__(self, shape: Shape):
        self.shape = shape

    @contextlib.contextmanager
    def session(self):
        with v1.Graph().as_default(), v1.Session() as session:
            v1.set_random_seed(9)
            senet(placeholder(self.shape), self.shape, False)
            session.run(v1.global_variables_initializer())
            values = session.run({value.op.name: value for value in every() if value.op.name.endswith(self.MOVED)})
            load(session, {name: value + RNG.uniform(-0.2, 0.2, value.shape) for name, value in values.items()})
            yield session


OTHERS = {
    "inverted": {"block": "inverted"},
    "blend": {"head": "blend"},
    "cell 4": {"cell": 4},
    "border 2": {"border": 2},
    "all": {"block": "inverted", "width": 16, "widest": 24, "depth": 2, "head": "blend", "cell": 4, "border": 2},
}


@pytest.mark.parametrize("changes", OTHERS.values(), ids=list(OTHERS))
def test_opencv_answers_alike_whatever_the_batch(changes):
    shape = Shape(**{"points": 5, "width": 8, "decoder": 6, "size": 64, **changes})
    graph = frozen_graph(Fresh(shape))
    images = images_of(shape, 7)
    with v1.Graph().as_default(), v1.Session() as session:
        (answer,) = tf.import_graph_def(graph, return_elements=["landmarks:0"], name="")
        expected = session.run(answer, {"image:0": images})
    assert np.ptp(expected, axis=0).max() > 1e-3  # faces differ
    net = cv2.dnn.readNetFromTensorflow(np.frombuffer(graph.SerializeToString(), np.uint8))
    for count in (1, 3, 7):
        net.setInput(np.ascontiguousarray(images[:count].transpose(0, 3, 1, 2)), "image")
        np.testing.assert_allclose(net.forward("landmarks"), expected[:count], atol=1e-5, err_msg=str(count))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"head": "conv"}, "head: found 'conv', expected one of integral, dense, blend"),
        ({"block": "dense"}, "block: found 'dense', expected one of residual, inverted"),
        ({"cell": 5}, "cell: found 5, expected one of 4, 8"),
        ({"border": -1}, "border >= 0"),
        ({"width": 12}, "widths divisible by 8"),
        ({"widest": 100}, "widths divisible by 8"),
        ({"widest": 0}, "expected positive numbers"),
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
