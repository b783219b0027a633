"""Records opened for training: what of a run goes on there, by the points of both; what losses count, and ask for."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from net import train
from net.cluster.machine import ALONE
from net.data.ranges import NO_AUGMENTATION
from net.data.selection import Selection
from net.landmarks.open_task import landmark_losses, open_landmarks
from net.landmarks.settings import LandmarkSettings
from net.landmarks.task import LandmarkTask
from net.model.contours import neighbours_of
from net.model.losses import PointLoss
from net.model.shape import Shape
from net.run.checkpoints import best_checkpoint
from net.run.folder import RunFolder
from net.training.settings import Settings
from net.training.start import starting_point
from records.landmarks import IBUG_68
from tests.conftest import train_options
from tests.helpers.any_points import draw_listed, seven_points
from tests.helpers.records import doubted_copy
from tools import make_records

v1 = tf.compat.v1
HEAT = "senet/integral/heat/weights"
SHAPE = Shape(width=8, decoder=8)
OWN = LandmarkSettings("wing", along=0.3, heat=2.0, dropout=0.0)
SCHEMES = {  # the same seven points in two orders; the third has the first one's name
    "mine": {"name": "mine", "flip": [3, 1, 2, 0, 6, 5, 4]},
    "other": {"name": "other", "flip": [6, 5, 4, 3, 2, 1, 0]},
    "namesake": {"name": "mine", "flip": [6, 5, 4, 3, 2, 1, 0]},
    "grouped": {"name": "mine", "groups": {"eyes": [0, 3], "rest": [1, 2, 4, 5, 6]}},
}


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Records of the same drawn faces by each scheme."""
    folder = tmp_path_factory.mktemp("sets")
    data = draw_listed(folder / "drawn", seven_points, count=6)
    for key, scheme in SCHEMES.items():
        (folder / f"{key}.json").write_text(json.dumps({"count": 7, **scheme}))
        options = ["--out", folder / key, "--scheme", folder / f"{key}.json", "--workers", 1, "--no-report"]
        assert make_records.main([*map(str, [data / "faces.csv", *options, "--previews", 0, "--context", 8])]) == 0
    return folder


@pytest.fixture(scope="module")
def run(sets):
    assert train.main([*train_options(sets / "mine", sets / "run"), "--steps", "2"]) == 0
    return sets / "run"


def started(records, start, shape):
    """The heat maps' kernel of a network for these records, started from a run, and what is left out."""
    with v1.Graph().as_default(), v1.Session() as session:
        task = open_landmarks(LandmarkTask(Selection(records), shape), start)
        task.calibrate(1)  # builds the network
        load = starting_point(start, task)
        session.run(v1.global_variables_initializer())
        load(None, session)
        (heat,) = (value for value in v1.global_variables() if value.op.name == HEAT)
        return session.run(heat), task.anew


@pytest.mark.parametrize(
    "records, why",
    [
        ("mine", None),
        ("grouped", None),  # the same points, of which more is known
        ("other", "points of mine there, of other here"),
        ("namesake", "points of mine there, of mine in another order here"),
    ],
)
def test_as_many_points_of_another_scheme_start_anew(sets, run, records, why):
    shape = RunFolder(run).settings().network
    found, anew = started(sets / records, run, shape)
    kept = tf.train.load_variable(best_checkpoint(RunFolder(run)), HEAT)
    assert found.shape == kept.shape == (1, 1, 8, 7)
    assert (anew.why if anew else None) == why
    assert ((found == kept).all()) == (why is None)


def test_standardised_labels_of_another_scheme_have_their_own_moments(sets):
    shape = Shape(width=8, decoder=8, head="dense", labels="standardised")
    measured = open_landmarks(LandmarkTask(Selection(sets / "mine"), shape), None).network.label_std
    start, settings = sets / "dense", ["--head", "dense", "--labels", "standardised", "--loss", "l2", "--steps", "1"]
    assert train.main([*train_options(sets / "mine", start), *settings]) == 0
    kept = RunFolder(start).settings()
    assert kept.network.label_std == measured
    twice = tuple(2 * one for one in measured)
    RunFolder(start).write_settings(replace(kept, network=replace(kept.network, label_std=twice)))
    for records, expected in (("mine", twice), ("other", measured)):
        task = open_landmarks(LandmarkTask(Selection(sets / records), shape), start)
        assert task.network.label_std == pytest.approx(expected, abs=1e-6)


@pytest.fixture(scope="module")
def doubted_set(record_set, tmp_path_factory):
    return doubted_copy(record_set, tmp_path_factory.mktemp("doubted") / "set")[0]


def test_contours_and_doubts_are_in_the_losses(doubted_set):
    weigh = {"tiny/*": 0.05}
    task = open_landmarks(LandmarkTask(Selection(doubted_set, weigh=weigh), SHAPE, OWN, NO_AUGMENTATION), None)
    with v1.Graph().as_default() as graph, v1.Session() as session:
        v1.set_random_seed(5)  # of any weights one time in many is near another's loss by chance
        batch = v1.data.make_one_shot_iterator(task.batches(ALONE, 3, seed=2, first=0)).get_next()
        losses = task.losses(batch, Settings(precision="float32"), tf.constant(0, tf.int64))
        answers = {"landmarks": graph.get_tensor_by_name("landmarks:0")}
        session.run(v1.global_variables_initializer())
        found = session.run({**answers, **batch, **{f"loss_{name}": loss for name, loss in losses.parts.items()}})
    assert len(set(found["weight"].tolist())) == 3
    loss = PointLoss("wing", along=0.3, neighbours=neighbours_of(IBUG_68))
    ways = ((loss, found["weight"]), (loss, None), (replace(loss, along=1.0), found["weight"]))
    expected, *others = (float(one(found["landmarks"], found["label"], weight)) for one, weight in ways)
    assert found["loss_points"] == pytest.approx(expected, rel=1e-4)
    assert all(abs(other / expected - 1) > 1e-3 for other in others)


def test_what_records_cannot_serve_is_refused(record_set, doubted_set, tmp_path):
    def refused(message: str, selection: Selection, own: LandmarkSettings = OWN) -> None:
        with pytest.raises(ValueError, match=message):
            open_landmarks(LandmarkTask(selection, SHAPE, own), None)

    refused("set: found no doubts of labels for weigh", Selection(record_set, weigh={"*": 0.1}))
    refused("weigh: found 'tiny/other', expected a subset of", Selection(doubted_set, weigh={"tiny/other": 0.1}))
    refused("along: found 0.3 with points of ibug68", Selection(record_set, points="36,45"))


def test_labels_aside_are_learnt_as_those_of_their_faces_are():
    """With answers, heat maps' cells and labels all so far aside no loss and no gradient knows of it."""
    rng = np.random.default_rng(8)
    batch = {
        "image": rng.uniform(0, 255, (2, 32, 32, 3)),
        "label": rng.uniform(0.2, 0.8, (2, 6)),
        "pose": [[0.1] * 3] * 2,
    }
    batch["label"][0, 2:4] = np.nan
    own, shape = LandmarkSettings("smooth_l1", heat=2.0, pose=0.5, dropout=0.0), Shape(3, width=8, decoder=8, size=32)
    found = []
    for offset in (0.0, 0.03):
        with v1.Graph().as_default(), v1.Session() as session:
            v1.set_random_seed(4)
            moved = batch | {"label": batch["label"] + [offset, 0] * 3}
            tensors = {name: tf.constant(value, tf.float32) for name, value in moved.items()}
            network = replace(shape, label_offset=offset, spread="learned")
            settings = Settings(precision="float32")
            losses = landmark_losses(tensors, network, own, PointLoss("smooth_l1"), settings, tf.constant(0, tf.int64))
            gradients = tf.gradients(sum(losses.parts.values()), v1.trainable_variables())
            session.run(v1.global_variables_initializer())
            found.append(session.run({**losses.parts, "mae": losses.further["mae"], "gradient": gradients[0]}))
    assert set(found[0]) >= {"points", "spread", "heat", "pose", "decay"} and np.abs(found[0]["gradient"]).max() > 0
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=1e-3, atol=1e-5, err_msg=name)
