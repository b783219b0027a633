"""Losses of the detector, against NumPy."""

import numpy as np
import pytest

from net.detector.losses import SURE, detection_losses, focal, overlap, point_errors
from net.detector.network import LevelAnswer
from net.detector.targets import FACE, IGNORED
from records.runtime import tf


def value(*tensors):
    with tf.compat.v1.Session(graph=tensors[0].graph) as session:
        return session.run(list(tensors))


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


def fields(x, y, width, height, points=0.0):
    """Fields 1 to 14 [1, 14] of a box in units."""
    return np.array([[x, y, np.log(width), np.log(height), *np.ravel(points * np.ones(10))]], np.float32)


def test_overlap_of_upright_boxes():
    # 4x2 around (0, 0), and 4x4 around (1, 1): 3x2 shared, of 8 + 16 - 6; enclosed by 5x4
    shared, apart = value(
        *overlap(tf.constant(fields(1, 1, 4, 4)), tf.constant(fields(0, 0, 4, 2)), tf.constant([0.0]))
    )
    assert shared[0] == pytest.approx(6 / 18)
    assert apart[0] == pytest.approx(2 / (25 + 16) + (2 / 4) ** 2)  # as wide, and 2 higher in 4


def test_overlap_is_in_the_frame_of_the_head():
    # the head lies on its side, so that what is 4 wide stands 4 high in the picture: a step down is along its width
    turn = tf.constant([np.pi / 2], tf.float32)
    found, true = tf.constant(fields(0, 1, 4, 2)), tf.constant(fields(0, 0, 4, 2))
    assert value(overlap(found, true, turn)[0])[0] == pytest.approx(6 / 10)


def test_focal_loss_of_faces_and_background():
    logits, quality = np.array([-2.0, 0.3, 1.5], np.float32), np.array([0, 0.8, 1], np.float32)
    score = 1 / (1 + np.exp(-logits))
    entropy = -quality * np.log(score) - (1 - quality) * np.log(1 - score)
    assert value(focal(tf.constant(logits), tf.constant(quality)))[0] == pytest.approx((quality - score) ** 2 * entropy)


def test_point_errors_count_in_sizes_of_the_face_and_leave_unknown_points_out():
    wanted = fields(0, 0, 4, 1)  # of size 2
    wanted[0, 5:] = np.nan
    found = fields(0, 0, 9, 9, 0.1)  # one known coordinate: 0.1 / 2 of the size, times 8 is 0.4
    assert value(point_errors(tf.constant(found), tf.constant(wanted)))[0] == pytest.approx([0.4**2 / 2 / 10])


def answers_and_targets():
    """Two levels of 1x2 and 1x1 cells: a face and an ignored cell; and background."""
    target = np.zeros((1, 1, 2, 16), np.float32)
    target[0, 0, :, 0] = FACE, IGNORED
    rest = np.concatenate([fields(0, 0, 1, 1), fields(5, 5, 1, 1)])[None, None]
    fine = LevelAnswer(tf.constant([[[[0.0], [9.0]]]]), tf.constant(rest))
    coarse = LevelAnswer(tf.constant([[[[-1.0]]]]), tf.zeros([1, 1, 1, 14]))
    return [fine, coarse], [tf.constant(target), tf.zeros([1, 1, 1, 16])]


def test_losses_are_means_over_the_levels_of_what_each_face_costs():
    losses = detection_losses(*answers_and_targets())
    score, box, points = value(losses["score"], losses["box"], losses["points"])
    background = (1 / (1 + np.exp(1))) ** 2 * np.log(1 + np.exp(-1))
    assert score == pytest.approx((0.25 * np.log(2) + background) / 2)  # the box is right, so the quality is 1
    assert box == pytest.approx(0, abs=1e-6) and points == 0


def test_a_wrong_box_lowers_the_score_that_is_asked_for_and_no_gradient_flows_there():
    target = np.zeros((1, 1, 1, 16), np.float32)
    target[..., 0] = FACE
    rest = tf.constant(fields(10, 0, 1, 1)[None, None])
    logits = tf.zeros([1, 1, 1, 1])
    losses = detection_losses([LevelAnswer(logits, rest)], [tf.constant(target)])
    score, box = value(losses["score"], losses["box"])
    assert score == pytest.approx((SURE - 0.5) ** 2 * np.log(2), abs=1e-7)
    assert box == pytest.approx(1 + 100 / (11**2 + 1))
    assert tf.gradients(losses["score"], rest) == [None]


def test_no_face_anywhere_is_a_finite_loss():
    cells = LevelAnswer(tf.zeros([1, 1, 1, 1]), tf.zeros([1, 1, 1, 14]))
    losses = detection_losses([cells], [tf.zeros([1, 1, 1, 16])])
    assert np.isfinite(value(*losses.values())).all()
