import numpy as np

from infer.model.contract import read_contract
from infer.model.shipped import HERE
from net.landmarks.open_task import landmark_losses
from net.landmarks.settings import LandmarkSettings
from net.model.losses import PointLoss
from net.model.shape import Shape
from net.training.settings import Settings
from records.runtime import tf, v1
from tests.helpers.networks import RNG
from tools.measure.products import Product, Products, products_of

FLOAT, BFLOAT = tf.float32, tf.bfloat16
IMAGE = RNG.normal(size=(2, 12, 10, 3)).astype(np.float32)


def gradients():
    """Two convolutions, of 3x3 by 4 with every second place and of 1x1 by 5, a matrix, and gradients of all three."""
    with v1.Graph().as_default():
        first = v1.get_variable("first", [3, 3, 3, 4])
        second = v1.get_variable("second", [1, 1, 4, 5], dtype=BFLOAT)
        last = v1.get_variable("last", [150, 7])
        maps = tf.nn.conv2d(tf.constant(IMAGE), first, 2, "SAME")  # [2, 6, 5, 4]
        maps = tf.cast(tf.nn.conv2d(tf.cast(maps, BFLOAT), second, 1, "SAME"), FLOAT)
        answer = tf.matmul(tf.reshape(maps, [2, 150]), last)
        return tf.group(v1.gradients(tf.reduce_sum(tf.square(answer)), [first, second, last]))


def test_every_convolution_is_three_products_but_the_first_that_hands_nothing_back():
    assert sorted(products_of(gradients()), key=repr) == sorted(
        [
            Product(60, 27, 4, FLOAT),
            Product(27, 60, 4, FLOAT),
            Product(60, 4, 5, BFLOAT),
            Product(60, 5, 4, BFLOAT),
            Product(4, 60, 5, BFLOAT),
            Product(2, 150, 7, FLOAT),
            Product(2, 7, 150, FLOAT),
            Product(150, 2, 7, FLOAT),
        ],
        key=repr,
    )


def test_all_of_them_are_computed_equal_ones_too():
    products = Products([Product(3, 5, 2, FLOAT), Product(2, 3, 5, FLOAT), Product(3, 5, 2, FLOAT)])
    assert products.multiply_adds == 90
    options, metadata = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE), v1.RunMetadata()
    products.session.run(products.op, options=options, run_metadata=metadata)
    labels = [node.timeline_label for device in metadata.step_stats.dev_stats for node in device.node_stats]
    assert sum("MatMul(" in label for label in labels) == 3  # oneDNN has a MatMul of its own


def test_a_step_has_three_times_the_products_of_an_answer():
    """But for gradients that nobody wants: of the picture, and of the places of the heat maps' cells."""
    with v1.Graph().as_default():
        batch = {"image": v1.placeholder(tf.uint8, [2, 128, 128, 3]), "label": v1.placeholder(FLOAT, [2, 136])}
        settings, step = Settings(precision="float32"), tf.constant(0, tf.int64)
        losses = landmark_losses(batch, Shape(), LandmarkSettings(dropout=0.0), PointLoss("l2"), settings, step)
        products = products_of(tf.group(v1.gradients(losses.parts["points"], v1.trainable_variables())))
    stem, places = 64 * 64 * 27 * 32, 68 * 256 * 2
    head = 256 * 68 * (64 + 1)  # what tells errors, which the points do without: its convolution, and its mean
    forward = read_contract(HERE / "landmark.pb").multiply_adds - head
    assert sum(product.multiply_adds for product in products) == 2 * (3 * forward - stem - places)
