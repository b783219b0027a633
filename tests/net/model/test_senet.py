import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from net.model import senet as module
from net.model.senet import senet
from net.model.shape import Shape
from net.training.start import weights_in
from records.runtime import tf
from tests.helpers.networks import (
    RNG,
    conv_numpy,
    depthwise_numpy,
    every,
    excite_numpy,
    norm_numpy,
    relu,
    run,
    shortcut_numpy,
)

v1 = tf.compat.v1
SHIPPED = sorted(Path(__file__).resolve().parents[3].glob("infer/landmark*.pb"))
TINY = Shape(points=5, width=8, depth=1, decoder=6, size=64)
DENSE = Shape(points=7, width=8, depth=1, head="dense", decoder=3, size=96)
INVERTED = Shape(points=6, block="inverted", width=16, widest=24, decoder=5, size=64)
FLAT = Shape(points=3, width=8, head="dense", decoder=3, size=32)
MEAN, STD = (0.5, 0.4, 0.3, 0.6, 0.7, 0.2), (0.1, 0.2, 0.05, 0.1, 0.4, 0.3)


def images_of(shape):
    return RNG.uniform(0, 255, (3, shape.size, shape.size, shape.planes)).astype(np.float32)


def placeholder(shape):
    return v1.placeholder(tf.float32, [None, shape.size, shape.size, shape.planes], name="image")


def untrained(shape, image):
    """The answer of an untrained network of one seed to images."""
    with v1.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(3)
        landmarks = senet(tf.constant(image), shape, is_training=False).landmarks
        session.run(v1.global_variables_initializer())
        return session.run(landmarks)


def test_the_stem_restated():
    x = RNG.normal(size=(2, 8, 12, 3)).astype(np.float32)
    found, names = run(lambda x: module.stem(x, 5, False), x)
    y = relu(norm_numpy(conv_numpy(x, names["stem/conv/weights"], 2), names, "stem/bn"))
    assert found.shape == (2, 2, 3, 5)
    np.testing.assert_allclose(found, y.reshape(2, 2, 2, 3, 2, 5).max(axis=(2, 4)), rtol=1e-3, atol=1e-3)


def inverted_numpy(x, names, stride):
    y = relu(norm_numpy(x @ names["b/expand/conv/weights"][0, 0], names, "b/expand/bn"))
    y = relu(norm_numpy(depthwise_numpy(y, names["b/depthwise/weights"], stride), names, "b/bn1"))
    y = norm_numpy(excite_numpy(y, names, "b/se") @ names["b/project/weights"][0, 0], names, "b/bn2")
    return shortcut_numpy(x, names, "b") + y


def residual_numpy(x, names, stride):
    y = relu(norm_numpy(conv_numpy(x, names["b/conv1/conv/weights"], stride), names, "b/conv1/bn"))
    y = excite_numpy(norm_numpy(conv_numpy(y, names["b/conv2/weights"], 1), names, "b/bn2"), names, "b/se")
    return relu(shortcut_numpy(x, names, "b") + y)


@pytest.mark.parametrize("stride, inputs", [(2, 8), (1, 16)])
@pytest.mark.parametrize(
    "block, restated", [(module.residual_block, residual_numpy), (module.inverted_block, inverted_numpy)]
)
def test_a_block_restated(block, restated, stride, inputs):
    x = RNG.normal(size=(2, 4, 6, inputs)).astype(np.float32)
    found, names = run(lambda x: block("b", x, 16, stride, False), x)
    assert ("b/conv0/weights" in names) == (stride == 2)
    np.testing.assert_allclose(found, restated(x, names, stride), rtol=1e-3, atol=1e-2)


def test_centres_of_cells_are_fractions_of_the_picture_row_by_row():
    found = module.cell_centres(3)
    assert found.dtype == np.float32
    expected = [((column + 0.5) / 3, (row + 0.5) / 3) for row in range(3) for column in range(3)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_mean_place_restated():
    heat = RNG.normal(size=(5, 9)).astype(np.float32)
    heat[4, 5] = 80  # a sharp peak is its cell's centre
    centres = module.cell_centres(3)
    found, _ = run(lambda heat: module.mean_place(tf.nn.softmax(heat), centres), heat)
    weight = np.exp(heat) / np.exp(heat).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, weight @ centres, atol=1e-5)
    np.testing.assert_allclose(found[4], [2.5 / 3, 1.5 / 3], atol=1e-6)


def test_labels_aside_of_their_faces_are_answered_there():
    image = RNG.uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    (plain, aside), _ = run(
        lambda x: [
            module.senet(x, Shape(3, width=8, decoder=4, size=32, label_offset=offset), False).landmarks
            for offset in (0.0, 0.02)
        ],
        image,
    )
    np.testing.assert_allclose(aside - plain, [[0.02, 0] * 3] * 2, atol=1e-6)


def heat_numpy(maps, names):
    """The decoder's maps [B, rows, columns, K], from the stages' maps."""
    x = maps[3] @ names["integral/top/weights"][0, 0]
    for level in (3, 2):
        x = x.repeat(2, axis=1).repeat(2, axis=2) + maps[level - 1] @ names[f"integral/lateral{level}/weights"][0, 0]
        x = conv_numpy(x, names[f"integral/merge{level}/conv/weights"], 1)
        x = relu(norm_numpy(x, names, f"integral/merge{level}/bn"))
    return x @ names["integral/heat/weights"][0, 0] + names["integral/heat/bias"]


def test_heat_maps_restated():
    shape = Shape(points=3, width=8, decoder=4, size=32)
    maps = [RNG.normal(size=(2, 8 >> level, 8 >> level, 2 + level)).astype(np.float32) for level in range(4)]

    def heat_of(*maps):
        heat, centres = module.heat_maps(module.decoded_map(list(maps), shape, False), shape)
        return [heat, tf.constant(centres)]

    (heat, centres), names = run(heat_of, *maps)
    np.testing.assert_array_equal(centres, module.cell_centres(4))
    expected = heat_numpy(maps, names)
    assert expected.shape == (2, 4, 4, 3)
    found = heat.reshape(2, 3, 4, 4).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_a_dense_head_answers_in_deviations_that_become_fractions():
    image = images_of(FLAT)
    plain = untrained(FLAT, image)
    answer = untrained(replace(FLAT, labels="standardised", label_mean=MEAN, label_std=STD), image)
    np.testing.assert_allclose(answer, (plain - 0.5) * STD + np.array(MEAN), atol=1e-5)


def test_pixels_are_scaled_by_the_first_op():
    with v1.Graph().as_default() as graph, v1.Session() as session:
        image = v1.placeholder(tf.uint8, [None, 32, 32, 3])
        senet(image, replace(FLAT, pixels="standardised", pixel_mean=100.0, pixel_std=40.0), False)
        first = next(op for op in graph.get_operations() if op.type == "Conv2D").inputs[0]
        pixels = RNG.integers(0, 256, (2, 32, 32, 3), np.uint8)
        np.testing.assert_allclose(session.run(first, {image: pixels}), (pixels - 100.0) / 40, atol=1e-6)


def test_the_pose_is_a_matrix_on_the_mean_of_the_last_map():
    last = RNG.normal(size=(2, 3, 5, 4)).astype(np.float32)
    found, names = run(module.pose_head, last)
    assert list(names) == ["senet/pose/weights"]
    np.testing.assert_allclose(found, last.mean(axis=(1, 2)) @ names["senet/pose/weights"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "shape, count",  # the count by formula: kernels, biases, scale and offset of each batch norm
    [
        (DENSE, 79_437),
        (INVERTED, 14_022),
        (replace(TINY, picture="grey"), 80_226 - 2 * 9 * 8),  # the stem's kernels see one channel
    ],
)
def test_the_number_of_parameters(shape, count):
    with v1.Graph().as_default():
        answer = senet(placeholder(shape), shape, False)
        assert sum(variable.shape.num_elements() for variable in v1.trainable_variables()) == count
        assert answer.landmarks.shape.as_list() == [None, 2 * shape.points]
        assert (answer.spread is None) == (shape.head == "dense")
        assert answer.spread is None or answer.spread.shape.as_list() == [None, shape.points]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_models_hold_the_networks_variables(path):
    shape = Shape.from_settings(json.loads(path.with_suffix(".json").read_text())["network"])
    held = weights_in(v1.GraphDef.FromString(path.read_bytes()))
    with v1.Graph().as_default():
        senet(placeholder(shape), shape, False)
        assert {one.op.name: one.shape.as_list() for one in every()} == {k: list(w.shape) for k, w in held.items()}
