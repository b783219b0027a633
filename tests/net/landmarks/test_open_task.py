"""Records opened for training: what of a run goes on there, by the points of both."""

import json
from dataclasses import replace

import pytest
import tensorflow as tf

from net import train
from net.data.selection import Selection
from net.landmarks.open_task import open_landmarks
from net.landmarks.task import LandmarkTask
from net.model.shape import Shape
from net.run.checkpoints import best_checkpoint
from net.run.folder import RunFolder
from net.training.start import starting_point
from tests.conftest import train_options
from tests.helpers.any_points import draw_listed, seven_points
from tools import make_records

v1 = tf.compat.v1
HEAT = "senet/integral/heat/weights"
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
