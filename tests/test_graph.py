import os

import numpy as np
import pytest
import tensorflow as tf

from net import graph
from net.augment import NONE
from net.batches import RecordSet
from net.graph import Settings
from net.senet import Shape
from tests.test_losses import by_hand

v1 = tf.compat.v1
TINY = Shape(points=5, width=8, depth=1, head="dense", decoder=3, size=32)
RNG = np.random.default_rng(12)
IMAGES = RNG.integers(0, 256, (4, 32, 32, 3), np.uint8)
LABELS = RNG.uniform(0, 1, (4, 10)).astype(np.float32)


def train(settings, steps, labels=LABELS):
    """The scalars of so many steps on one batch, and the variables after them."""
    with v1.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(settings.seed)
        train_op, scalars = graph.training_step(tf.constant(IMAGES), tf.constant(labels), TINY, settings)
        predicted = v1.get_default_graph().get_tensor_by_name("landmarks:0")
        session.run(v1.global_variables_initializer())
        names = {variable.op.name: variable for variable in v1.global_variables()}
        before = session.run(names)
        found = [session.run({"train": train_op, "predicted": predicted, **scalars}) for _ in range(steps)]
        return found, before, session.run(names)


def test_the_loss_is_the_points_loss_and_half_the_squares_of_the_kernels():
    labels = LABELS.copy()
    labels[1, 2:6] = np.nan
    (first,), before, _ = train(Settings(loss="wing", weight_decay=0.01, dropout=0.0), 1, labels)
    decay = 0.01 * sum((value**2).sum() / 2 for name, value in before.items() if name.endswith("/weights"))
    assert first["loss_points"] == pytest.approx(by_hand("wing", first["predicted"], labels), rel=1e-4)
    assert first["loss_decay"] == pytest.approx(decay, rel=1e-4)
    assert first["loss"] == pytest.approx(first["loss_points"] + first["loss_decay"], rel=1e-6)


def test_the_rate_falls_in_stairs():
    found, _, after = train(Settings(rate=0.004, decay_factor=0.5, decay_steps=2), 5)
    np.testing.assert_allclose([one["rate"] for one in found], [0.004, 0.004, 0.002, 0.002, 0.001], rtol=1e-6)
    assert after["global_step"] == 5


def test_adam_moves_every_weight_by_the_rate_in_its_first_step():
    _, before, after = train(Settings(rate=0.003, weight_decay=0.0, dropout=0.0), 1)
    name = "senet/dense/bias"
    np.testing.assert_allclose(np.abs(after[name] - before[name]), 0.003, rtol=1e-2)


def test_a_step_updates_the_averages_of_batch_norm():
    _, before, after = train(Settings(), 1)
    for name in before:
        if name.endswith(("/mean", "/variance")):
            assert not np.array_equal(before[name], after[name]), name


def test_the_seed_makes_the_run():
    first, again, other = (train(Settings(dropout=0.5, seed=seed), 2) for seed in (3, 3, 4))
    assert [one["loss"] for one in first[0]] == pytest.approx([one["loss"] for one in again[0]], rel=1e-6)
    assert first[0][0]["loss"] != pytest.approx(other[0][0]["loss"], rel=1e-3)


def test_dropout_differs_from_step_to_step():
    found, _, _ = train(Settings(rate=1e-12, dropout=0.5), 2)
    assert np.abs(found[0]["predicted"] - found[1]["predicted"]).max() > 1e-3


def test_evaluation_shares_the_weights_and_reads_the_test_records(record_set):
    records = RecordSet(record_set)
    shape = Shape(68, 8, 1, "integral", 8)
    with v1.Graph().as_default(), v1.Session() as session:
        model = graph.build(records, shape, Settings(), NONE, 3, 0)
        trained = {variable.op.name for variable in v1.trainable_variables()}
        assert all(name.startswith("senet/") for name in trained) and len(trained) == len(v1.trainable_variables())
        session.run([v1.global_variables_initializer(), model.eval_iterator.initializer])
        answers = session.run(model.eval_batch)
    assert answers["predicted"].shape == answers["label"].shape == (records.count("test"), 136)
    assert answers["image"].shape == (records.count("test"), 128, 128, 3)
    assert len(set(answers["name"])) == records.count("test")
    # a fresh network's heat is spread, so its points lie inside
    assert answers["predicted"].min() > 0 and answers["predicted"].max() < 1


def test_the_last_step_is_that_of_the_last_checkpoint(tmp_path):
    assert graph.last_step(tmp_path) == graph.last_step(tmp_path / "absent") == 0
    with v1.Graph().as_default(), v1.Session() as session:
        step = v1.train.get_or_create_global_step()
        saver = v1.train.Saver()
        for value in (3, 17):
            step.load(value, session)
            saver.save(session, str(tmp_path / "model.ckpt"), global_step=value)
    assert graph.last_step(tmp_path) == 17


def test_removing_a_run_leaves_what_is_not_its_own(tmp_path):
    own = ["checkpoint", "model.ckpt-5.index", "model.ckpt-5.data-00000-of-00001", "model.ckpt-5.meta", "graph.pbtxt"]
    own += ["events.out.tfevents.1.host", "settings.json", "settings.partial"]
    for name in [*own, "notes.txt", "model.pb"]:
        (tmp_path / name).write_text("x")
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "nme.json").write_text("{}")
    graph.remove_run(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["model.pb", "notes.txt"]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"loss": "huber"}, "loss: found 'huber', expected one of l2, wing"),
        ({"rate": 0.0}, "expected rate > 0"),
        ({"rate": float("nan")}, "expected rate > 0"),
        ({"weight_decay": -1.0}, "weight_decay >= 0"),
        ({"weight_decay": float("inf")}, "weight_decay >= 0"),
        ({"decay_factor": 0.0}, r"decay_factor in \(0, 1\]"),
        ({"decay_factor": 1.1}, r"decay_factor in \(0, 1\]"),
        ({"decay_steps": 0}, "decay_steps >= 1"),
        ({"dropout": 1.0}, r"dropout 1.0, .* expected dropout in \[0, 1\)"),
        ({"dropout": float("nan")}, r"expected dropout in \[0, 1\)"),
        ({"seed": -1}, r"seed -1: .* seed"),
        ({"seed": 2**31}, "seed 2147483648"),
    ],
)
def test_impossible_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Settings(**change)
