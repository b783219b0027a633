"""Patterns that OpenCV misreads without a word, or refuses: the comparison catches each, in OpenCV's own answers."""

from dataclasses import replace

import numpy as np
import pytest

from export.formats import FORMATS
from export.landmarks import LandmarkReference
from export.parity import verify
from records.landmarks import Scheme
from records.runtime import tf, v1

SIZE, POINTS, CHANNELS = 8, 5, 4
RNG = np.random.default_rng(3)
KERNEL = RNG.normal(size=(3, 3, 3, CHANNELS)).astype(np.float32) / 9
ONE = RNG.normal(size=(1, 1, 3, 2 * POINTS)).astype(np.float32)
MATRIX = {rows: RNG.normal(size=(rows, 2 * POINTS)).astype(np.float32) for rows in (3, CHANNELS)}
OFFSETS = np.linspace(0.1, 0.9, 2 * POINTS, dtype=np.float32)
OPENCV_ALONE = replace(FORMATS["pb"], runtimes=("opencv",))
SCHEME = Scheme(
    name="five",
    count=POINTS,
    groups={"all": tuple(range(POINTS))},
    lines={},
    left_eye=(0,),
    right_eye=(1,),
    corners=(0, 1),
    flip=(1, 0, 2, 4, 3),
)


def conv(x, **options):
    return tf.nn.conv2d(x, KERNEL, 1, "SAME", **options)


def regressed(x):
    return tf.matmul(tf.reduce_mean(x, [1, 2]), MATRIX[int(x.shape[-1])])


def named(y):
    return tf.reshape(y, [-1, 2 * POINTS], name="landmarks")


def batch_norm_in_training(x):
    scale, offset = np.full(CHANNELS, 2, np.float32), np.ones(CHANNELS, np.float32)
    return regressed(tf.nn.relu(v1.nn.fused_batch_norm(conv(x), scale, offset, is_training=True)[0]))


def one_face_alone(x):
    """Right for a batch of one, an error for three."""
    return tf.nn.bias_add(tf.reduce_mean(tf.nn.conv2d(x, ONE, 1, "SAME"), [1, 2], keepdims=True), OFFSETS)


OFF, FAILS = r"opencv is [1-9]\.\d+e[+-]0[01] of the crop's side", r"OpenCV \d.* fails on it: \S"
TRAPS = {
    "dilations": (lambda x: named(regressed(conv(x, dilations=2))), OFF),
    "two means": (lambda x: named(tf.matmul(tf.reduce_mean(tf.reduce_mean(conv(x), 1), 1), MATRIX[CHANNELS])), FAILS),
    "one face alone": (lambda x: named(one_face_alone(x)), FAILS),
    "a lost name": (lambda x: tf.identity(regressed(x), name="landmarks"), FAILS),
}


@pytest.fixture
def proved(tmp_path):
    """Builds a graph, writes it, and compares OpenCV's answers with those of TensorFlow's session."""

    def proved(build, form=OPENCV_ALONE, faces=64):
        images = RNG.uniform(0, 255, (faces, SIZE, SIZE, 3)).astype(np.float32)
        with v1.Graph().as_default() as graph, v1.Session() as session:
            build(v1.placeholder(tf.float32, [None, SIZE, SIZE, 3], name="image") * (1 / 255))
            answers = session.run("landmarks:0", {"image:0": images})
        model = tmp_path / "landmark.pb"
        model.write_bytes(graph.as_graph_def().SerializeToString())
        labels = answers.reshape(faces, POINTS, 2) + RNG.normal(size=(faces, POINTS, 2)) / 100
        return verify(model, form, LandmarkReference(images, labels, answers, SCHEME))

    return proved


def test_a_sound_graph_passes(proved, monkeypatch):
    (found,) = proved(lambda x: named(regressed(tf.nn.relu(conv(x))))).values()
    assert 0 <= found.mean <= found.max <= 1e-6
    monkeypatch.setattr("export.landmarks.BATCHES", (1,))
    assert proved(lambda x: named(one_face_alone(x)), faces=7)["opencv"].max < 1e-5  # one batch size would not do


@pytest.mark.parametrize("build, message", TRAPS.values(), ids=TRAPS)
def test_what_opencv_misreads_or_refuses_is_caught(proved, build, message):
    with pytest.raises(ValueError, match=rf"landmark\.pb: {message}"):
        proved(build)


@pytest.mark.parametrize("form, runtime", [(OPENCV_ALONE, "opencv"), (FORMATS["pb"], "tensorflow")])
def test_batch_norm_in_training_mode_depends_on_the_batch(proved, form, runtime):
    with pytest.raises(ValueError, match=rf"{runtime} is .* of the crop's side"):
        proved(lambda x: named(batch_norm_in_training(x)), form)
