import hashlib
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from export.checkpoint import LandmarkCheckpoint, frozen_graph
from net import train
from net.data.batches import training_batches
from net.data.ranges import NO_AUGMENTATION
from net.data.record_set import RecordSet
from net.data.selection import Selection
from net.landmarks.open_task import OpenLandmarkTask
from net.landmarks.task import LandmarkTask
from net.model.senet import senet
from net.model.shape import Shape
from net.run.folder import LANDMARK_RUNS, RunFolder
from net.training.origins import network_of
from net.training.start import starting_point, weights_in
from tests.conftest import train_options
from tests.helpers.events import scalars
from tests.helpers.tiny_model import write_model

v1 = tf.compat.v1
KEPT_AND_HEAD = "stage1/block1/conv2", "integral/heat"


@pytest.fixture(scope="module")
def run(trained):
    return LandmarkCheckpoint(trained)


@pytest.fixture(scope="module")
def graph(run):
    return frozen_graph(run.shape, run.load).SerializeToString()


@pytest.fixture(scope="module")
def model(run, graph, tmp_path_factory):
    """The contract of the run's frozen graph, with its network's settings."""
    return contract_of_68("ibug68", run, graph, tmp_path_factory.mktemp("model"))


def contract_of_68(scheme, run, graph, folder):
    """A contract that says of the run's graph that its 68 points are those of a scheme."""
    nothing = {"lines": {}, "left_eye": [], "right_eye": [], "flip": []}
    points = {"scheme": scheme, "count": 68, "groups": {"points": [*range(68)]}, **nothing}
    return write_model(folder, graph=graph, network=run.shape.settings(), points=points).with_suffix(".json")


@pytest.fixture(scope="module")
def images(record_set):
    """Training pictures float32 [N, 128, 128, 3]: those that give batch norm its statistics back."""
    records = RecordSet(record_set)
    count = records.count("train")
    return next(iter(training_batches(records, count, NO_AUGMENTATION, 5)))["image"].numpy().astype(np.float32)


def opened(record_set, shape):
    return OpenLandmarkTask(LandmarkTask(Selection(record_set), shape), RecordSet(record_set))


def answers(start, record_set, shape, images):
    """What the network says in inference and in training, after it was started, and its variables."""
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 128, 128, 3])
        plain, training = (senet(x, shape, is_training).landmarks for is_training in (False, True))
        load = starting_point(start, opened(record_set, shape))
        session.run(v1.global_variables_initializer())
        load(None, session)
        names = {value.op.name: value for value in v1.global_variables("senet")}
        return (*session.run([plain, training], {x: images}), session.run(names))


def test_a_started_network_answers_as_before(model, trained, run, record_set, images):
    plain, training, _ = answers(model, record_set, run.shape, images)
    expected = run.landmarks(images)
    assert np.ptp(expected, axis=0).max() > 1e-4
    np.testing.assert_allclose(plain, expected, atol=1e-5)
    # in training, batch norm takes the statistics of the batch: they are those it was given
    np.testing.assert_allclose(training, expected, atol=2e-3)
    plain, _, names = answers(trained, record_set, run.shape, images)  # a run folder: its best weights, all of them
    np.testing.assert_array_equal(plain, expected)
    kept = tf.train.load_variable(run.path, "senet/stem/bn/mean")
    np.testing.assert_array_equal(names["senet/stem/bn/mean"], kept)


def test_a_head_for_other_points_keeps_its_random_start(model, run, record_set, images, capsys):
    plain, _, names = answers(model, record_set, replace(network_of(model, LANDMARK_RUNS), points=7), images)
    assert plain.shape == (len(images), 14)
    said = capsys.readouterr().out  # the kernel and the bias of the heat maps
    assert "start: 2 of" in said and said.rstrip().endswith("of senet/integral/heat")
    assert names["senet/integral/heat/weights"].shape[-1] == 7 and not names["senet/integral/heat/bias"].any()
    name = "senet/stage1/block1/conv2/weights"
    np.testing.assert_array_equal(names[name], weights_in(frozen_graph(run.shape, run.load))[name])


def test_what_a_run_does_not_hold_keeps_its_random_start(trained, run, record_set, images, capsys):
    """A narrower decoder than the run's: what has its width starts anew, the rest is taken."""
    shape = replace(run.shape, decoder=4)
    *_, found = answers(trained, record_set, shape, images[:1])
    said = capsys.readouterr().out
    assert "variables keep their random start, of senet/integral/" in said and said.rstrip().endswith(" more")
    assert found["senet/integral/top/weights"].shape[-1] == 4 and found["senet/integral/top/weights"].any()
    stem = tf.train.load_variable(run.path, "senet/stem/conv/weights")
    np.testing.assert_array_equal(found["senet/stem/conv/weights"], stem)


@pytest.mark.parametrize("larger", [{"width": 16, "decoder": 24}, {"depth": 3}, {"width": 24, "depth": 2}])
def test_a_larger_network_answers_as_the_one_it_grew_from(model, trained, run, record_set, images, capsys, larger):
    expected = run.landmarks(images)
    shape = replace(run.shape, **larger)
    for start in (trained, model):
        plain, training, found = answers(start, record_set, shape, images)
        np.testing.assert_allclose(plain, expected, atol=1e-5)
        # what grew is there, and can learn
        fresh = [value for name, value in found.items() if name.endswith("conv2/weights")]
        assert all(np.ptp(value, axis=(0, 1, 2)).all() for value in fresh)
    assert np.abs(training - expected).max() < 5e-3  # by the statistics of the batch
    assert ("variables are larger than there, of senet/" in capsys.readouterr().out) == ("width" in larger)


def test_a_grown_network_learns_with_all_of_it(trained, record_set, tmp_path):
    options = train_options(record_set, tmp_path / "run", "--init", str(trained), "--steps", "3", "--optimizer", "muon")
    assert train.main([*options, "--width", "16", "--depth", "2"]) == 0
    path = LandmarkCheckpoint(tmp_path / "run", "last").path
    for layer in ("stage3/block2/bn2/scale", "stage3/block1/conv2/weights"):
        assert tf.train.load_variable(path, f"senet/{layer}").all(), layer


def test_training_goes_on_from_a_start_with_its_network(model, run, record_set, tmp_path, capsys):
    options = train_options(record_set, tmp_path / "run", "--init", str(model), "--steps", "1", "--rate", "1e-9")
    options += ["--average", "0.9"]
    options = [option for option in options if option not in ("--width", "--decoder", "8")]  # as the model has them
    assert train.main(options) == 0
    assert RunFolder(tmp_path / "run").settings().network == network_of(model, LANDMARK_RUNS) == run.shape
    # what it starts from is tested first, by averages that begin with it
    first = scalars(tmp_path / "run", "test/nme_box")[0]
    assert first == pytest.approx(run.recorded_nme(), rel=1e-3)
    said = capsys.readouterr().out
    assert f"(box {100 * first:.2f} %); least: box {100 * first:.2f} % at step 0 (export/freeze.py would export" in said
    started = LandmarkCheckpoint(tmp_path / "run", "last")
    images = np.full((2, 128, 128, 3), 90, np.float32)
    # one step of next to nothing: only the averages of batch norm have moved, by a hundredth
    assert np.abs(started.landmarks(images) - run.landmarks(images)).max() < 0.02


def test_68_points_of_another_scheme_start_anew(run, graph, record_set, tmp_path, capsys):
    """As many heat maps of other points would fit and be wrong."""
    other = contract_of_68("mine", run, graph, tmp_path / "model")
    options = train_options(record_set, tmp_path / "run", "--init", str(other), "--steps", "1", "--rate", "1e-9")
    assert train.main(options) == 0
    (said,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("start: 2 of "))
    assert said.endswith(", of senet/integral/heat: points of mine there, of ibug68 here")
    started, before = LandmarkCheckpoint(tmp_path / "run", "last"), weights_in(frozen_graph(run.shape, run.load))
    kept, head = (tf.train.load_variable(started.path, f"senet/{layer}/weights") for layer in KEPT_AND_HEAD)
    np.testing.assert_allclose(kept, before[f"senet/{KEPT_AND_HEAD[0]}/weights"], atol=1e-6)
    assert np.abs(head - before[f"senet/{KEPT_AND_HEAD[1]}/weights"]).max() > 0.1
    # what is learnt on top of points has no use for others
    assert train.main([*options, "--overwrite", "--learn", "spread"]) == 2
    assert f"{other}: found points of mine there, of ibug68 here; expected the same" in capsys.readouterr().err


def test_a_start_that_is_none(tmp_path, record_set):
    wrong = {"cut.pb": (b"\x0a\xff\xff", "found no graph"), "main.onnx": (b"\x08\x07", "found the model main.onnx")}
    for name, (held, message) in wrong.items():
        (tmp_path / name).write_bytes(held)
        contract = write_model(tmp_path, file=name, sha256=hashlib.sha256(held).hexdigest()).with_suffix(".json")
        with pytest.raises(ValueError, match=message):
            starting_point(contract, opened(record_set, Shape()))
    with pytest.raises(ValueError, match="found a model of others"):
        network_of(write_model(tmp_path), LANDMARK_RUNS)
    with pytest.raises(ValueError, match="found no network of this project"):
        network_of(write_model(tmp_path, network={"layers": 3}), LANDMARK_RUNS)
    with pytest.raises(FileNotFoundError, match="found no such thing"):
        network_of(tmp_path / "none.json", LANDMARK_RUNS)
