import numpy as np
import pytest

from net.data.ranges import NO_AUGMENTATION
from net.data.selection import Selection
from net.landmarks.settings import LandmarkSettings
from net.landmarks.task import LandmarkTask
from net.model.senet import senet
from net.model.shape import Shape
from net.run.checkpoints import best_checkpoint, last_step, restorer, save_best
from net.run.folder import RunFolder
from net.training.plan import Length, Plan, RunPlan
from net.training.settings import Settings
from net.training.step import build, build_evaluation
from records.runtime import tf, v1

AVERAGE = "/ExponentialMovingAverage"
SHAPE = Shape(68, width=8, decoder=8)


@pytest.fixture(scope="module")
def averaged_run(record_set, tmp_path_factory):
    """A few steps with averages: the folder with both kinds of checkpoint, all variables, images, and the answer."""
    run = RunFolder(tmp_path_factory.mktemp("averaged"))
    own = LandmarkSettings(dropout=0.0, pose=1.0)
    task = LandmarkTask(Selection(record_set), SHAPE, own, NO_AUGMENTATION)
    settings = Settings(rate=0.05, weight_decay=0.0, average=0.9, precision="float32")
    plan = Plan(task, RunPlan(run), settings, Length(10, 3))
    opened = task.opened(None)
    with v1.Graph().as_default(), v1.Session() as session:
        graph = build(plan, opened)
        evaluation = build_evaluation(opened, graph)
        whole = v1.train.Saver()
        session.run(v1.global_variables_initializer())
        for _ in range(4):
            session.run(graph.step)
        session.run(evaluation.iterator.initializer)
        answers = session.run(evaluation.batch)
        values = session.run({variable.op.name: variable for variable in v1.global_variables()})
        whole.save(session, str(run.path / "own.ckpt"))
        evaluation.saver.save(session, str(run.path / "best.ckpt"))
    return run.path, values, answers


@pytest.mark.parametrize("checkpoint", ["own.ckpt", "best.ckpt"])
def test_a_restored_network_has_the_averages_and_answers_as_the_evaluation_did(averaged_run, checkpoint):
    folder, values, answers = averaged_run
    averaged = {name.removesuffix(AVERAGE): value for name, value in values.items() if name.endswith(AVERAGE)}
    assert any(np.abs(values[name] - value).max() > 1e-3 for name, value in averaged.items())
    with v1.Graph().as_default(), v1.Session() as session:
        predicted = senet(tf.constant(answers["image"]), SHAPE, False).landmarks
        restorer(str(folder / checkpoint)).restore(session, str(folder / checkpoint))
        restored = session.run({variable.op.name: variable for variable in v1.global_variables()})
        found = session.run(predicted)
    for name, value in restored.items():
        np.testing.assert_array_equal(value, averaged[name], err_msg=name)
    np.testing.assert_allclose(found, answers["predicted"], atol=1e-5)
    held = {name for name, _ in tf.train.list_variables(str(folder / "best.ckpt"))}
    assert held == {*averaged, "global_step"}


def test_a_checkpoint_without_averages_restores_the_variables_themselves(tmp_path):
    with v1.Graph().as_default(), v1.Session() as session:
        v1.get_variable("senet/a", [3]).load(np.array([1, 2, 4], np.float32), session)
        path = v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    with v1.Graph().as_default(), v1.Session() as session:
        value = v1.get_variable("senet/a", [3])
        restorer(path).restore(session, path)
        np.testing.assert_array_equal(session.run(value), [1, 2, 4])


def test_the_last_step_and_the_best_checkpoint(tmp_path):
    run = RunFolder(tmp_path)
    assert last_step(run) == last_step(RunFolder(tmp_path / "absent")) == 0
    with pytest.raises(FileNotFoundError, match="found no checkpoint"):
        best_checkpoint(run)
    with v1.Graph().as_default(), v1.Session() as session:
        step = v1.train.get_or_create_global_step()
        saver = v1.train.Saver()
        for value in (3, 17):
            step.load(value, session)
            saver.save(session, str(run.checkpoints), global_step=value)
        assert last_step(run) == 17 and best_checkpoint(run) == str(tmp_path / "model.ckpt-17")
        for value in (3, 5):  # the second by a process that has not saved the first
            save_best(session, v1.train.Saver(max_to_keep=1, save_relative_paths=True), run, value)
    assert best_checkpoint(run) == str(tmp_path / "best" / "model.ckpt-5")
    assert [path.name for path in (tmp_path / "best").glob("*.index")] == ["model.ckpt-5.index"]
