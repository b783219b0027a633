from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from net.landmarks.open_task import landmark_losses
from net.landmarks.settings import LandmarkSettings
from net.model.losses import PointLoss
from net.model.senet import cell_centres, is_hidden_kernel
from net.model.shape import Shape
from net.training.settings import Settings
from net.training.step import training_step
from records.runtime import tf, v1
from tests.helpers.precisions import trains_in_bfloat16
from tests.net.model.test_losses import by_hand, heat_by_hand

TINY = Shape(points=5, width=8, depth=1, head="dense", decoder=3, size=32)
RNG = np.random.default_rng(12)
IMAGES = RNG.integers(0, 256, (4, 32, 32, 3), np.uint8)
LABELS = RNG.uniform(0, 1, (4, 10)).astype(np.float32)
POSES = RNG.uniform(-1, 1, (4, 3)).astype(np.float32)
PLAIN = Settings(rate=0.01, weight_decay=0.0, precision="float32")
UNDROPPED, WING = LandmarkSettings(dropout=0.0), LandmarkSettings("wing", dropout=0.0)
AVERAGE = "/ExponentialMovingAverage"


def batch_of(labels=LABELS, poses=POSES):
    return {"image": tf.constant(IMAGES), "label": tf.constant(labels), "pose": tf.constant(poses)}


def task_of(own, shape):
    """A task of landmarks without records."""
    return SimpleNamespace(
        losses=lambda batch, settings, step: landmark_losses(batch, shape, own, PointLoss(own.loss), settings, step),
        is_hidden_kernel=is_hidden_kernel,
    )


def train(settings, steps, labels=LABELS, own=UNDROPPED, shape=TINY):
    """The scalars of so many steps on one batch, with the variables after each, and the variables before them."""
    with v1.Graph().as_default() as built, v1.Session() as session:
        v1.set_random_seed(settings.seed)
        step = training_step(task_of(own, shape), batch_of(labels), settings, 10)
        wanted = {**step.scalars, "predicted": built.get_tensor_by_name("landmarks:0")}
        session.run(v1.global_variables_initializer())
        names = {variable.op.name: variable for variable in v1.global_variables()}
        before, found = session.run(names), []
        for _ in range(steps):
            found.append(session.run({"train": step.op, **wanted}))
            found[-1]["after"] = session.run(names)
        return found, before


def test_the_loss_is_the_points_loss_and_half_the_squares_of_the_kernels():
    labels = LABELS.copy()
    labels[1, 2:6] = np.nan
    (first,), before = train(replace(PLAIN, weight_decay=0.01), 1, labels, WING)
    decay = 0.01 * sum((value**2).sum() / 2 for name, value in before.items() if name.endswith("/weights"))
    assert first["loss_points"] == pytest.approx(by_hand("wing", first["predicted"], labels), rel=1e-4)
    assert first["loss_decay"] == pytest.approx(decay, rel=1e-4)
    assert first["loss"] == pytest.approx(first["loss_points"] + first["loss_decay"], rel=1e-6)


def test_a_first_step_of_adam_without_anything_that_is_off_by_default():
    (first,), before = train(replace(PLAIN, rate=0.003), 1)
    after = first["after"]
    bias = "senet/dense/bias"  # moves by the rate
    np.testing.assert_allclose(np.abs(after[bias] - before[bias]), 0.003, rtol=1e-2)
    assert first["rate"] == np.float32(0.003)
    statistics = [name for name in before if name.endswith(("/mean", "/variance"))]
    assert statistics and not any(np.array_equal(before[name], after[name]) for name in statistics)
    assert {name for name in first if name.startswith("loss_")} == {"loss_points", "loss_decay"}
    assert not any("/pose/" in name or AVERAGE in name or name.startswith("plateau") for name in before)


def test_sgd_restated_with_nesterovs_momentum():
    """The bias of the dense head alone moves: its gradient is known in closed form."""
    found, before = train(replace(PLAIN, optimizer="sgd", rate=1e-6), 3)
    bias, speed = before["senet/dense/bias"].astype(float), np.zeros(10)
    for one in found:
        gradient = (2 * 128**2 * (one["predicted"] - LABELS) / LABELS.size).sum(axis=0)  # of the mean squared pixels
        speed = 0.9 * speed + gradient
        bias = bias - 1e-6 * (gradient + 0.9 * speed)
        np.testing.assert_allclose(one["after"]["senet/dense/bias"], bias, rtol=1e-5)
    assert not any("Adam" in name for name in before)


HEATED = Shape(points=5, width=8, decoder=3, size=32)


def test_heat_and_pose_add_their_weighted_parts():
    labels, poses = LABELS.copy(), POSES.copy()
    labels[1, 2:6] = poses[2, 1] = np.nan
    own = LandmarkSettings("smooth_l1", heat=0.3, heat_width=0.8, pose=2.0, dropout=0.0)
    with v1.Graph().as_default() as built, v1.Session() as session:
        scalars = training_step(task_of(own, HEATED), batch_of(labels, poses), PLAIN, 10).scalars
        (softmax,) = [op for op in built.get_operations() if op.name.startswith("senet/Softmax")]
        session.run(v1.global_variables_initializer())
        (pose_weights,) = [value for value in v1.trainable_variables() if value.op.name == "senet/pose/weights"]
        pose_weights.load(np.zeros(pose_weights.shape, np.float32), session)
        found, heat = session.run([scalars, softmax.inputs[0]])
    assert cell_centres(4).shape[0] == heat.shape[1]
    assert found["loss_heat"] == pytest.approx(
        0.3 * heat_by_hand(heat, labels.reshape(-1, 2), 0.8, cell_centres(4)), rel=1e-4
    )
    assert found["loss_pose"] == pytest.approx(2.0 * np.nanmean(poses**2), rel=1e-4)  # its weights are zero
    assert found["loss"] == pytest.approx(
        sum(found[f"loss_{name}"] for name in ("points", "heat", "pose", "decay")), rel=1e-5
    )


def test_averages_restated():
    """Each follows its variable by 1 - d, with d = min(decay, (1 + step) / (10 + step)) after the step."""
    found, before = train(replace(PLAIN, average=0.3, optimizer="sgd", rate=1e-5), 6)
    assert [one["after"]["global_step"] for one in found] == [1, 2, 3, 4, 5, 6]
    averaged = [name for name in before if name.endswith(AVERAGE)]
    assert {name.removesuffix(AVERAGE) for name in averaged} == {
        name for name in before if name.startswith("senet/") and "Momentum" not in name and not name.endswith(AVERAGE)
    }
    assert any("/mean" in name for name in averaged) and any("/weights" in name for name in averaged)
    for name in averaged:
        expected = before[name].astype(float)
        for step, one in enumerate(found, 1):
            decay = min(0.3, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * one["after"][name.removesuffix(AVERAGE)]
            np.testing.assert_allclose(one["after"][name], expected, rtol=1e-4, atol=1e-6, err_msg=f"{name} {step}")
    assert (1 + 6) / (10 + 6) > 0.3 > (1 + 1) / (10 + 1)  # both sides of the minimum were seen


@trains_in_bfloat16
def test_bfloat16_trains_and_keeps_its_variables_in_float32():
    exact, _ = train(PLAIN, 1, own=WING, shape=HEATED)
    coarse, before = train(replace(PLAIN, precision="bfloat16"), 5, own=WING, shape=HEATED)
    assert {value.dtype for name, value in before.items() if name != "global_step"} == {np.dtype(np.float32)}
    assert coarse[0]["loss_points"] == pytest.approx(exact[0]["loss_points"], rel=0.05)
    assert coarse[0]["loss_points"] != exact[0]["loss_points"]
    assert coarse[-1]["loss_points"] < 0.9 * coarse[0]["loss_points"]


def test_every_seed_and_every_step_has_its_own_dropout():
    own = LandmarkSettings(dropout=0.5)
    first, other = (train(replace(PLAIN, rate=1e-12, seed=seed), 2, own=own)[0] for seed in (3, 4))
    assert first[0]["loss"] != pytest.approx(other[0]["loss"], rel=1e-3)
    assert np.abs(first[0]["predicted"] - first[1]["predicted"]).max() > 1e-3
