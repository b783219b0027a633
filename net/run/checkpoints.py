"""Checkpoints of a run: which there are, what they call the network's variables, how these are saved and restored."""

from __future__ import annotations

from net.run.folder import RunFolder
from records.runtime import tf, v1

NETWORKS = "senet|detector"  # scopes of their variables, as a pattern


def network_variables() -> list[tf.Variable]:
    """Weights and batch statistics of the network, without what optimiser and averages keep of them."""
    statistics = [value for value in v1.global_variables(NETWORKS) if value.op.name.endswith(("/mean", "/variance"))]
    return v1.trainable_variables(NETWORKS) + statistics


def last_checkpoint(run: RunFolder) -> str | None:
    """The path of a run's last checkpoint, None without one."""
    return tf.train.latest_checkpoint(str(run))


def best_checkpoint(run: RunFolder) -> str:
    """The path of a run's best checkpoint, of its last where none is best: without test records.

    Raises FileNotFoundError where there is none.
    """
    found = tf.train.latest_checkpoint(str(run.best_folder)) or last_checkpoint(run)
    if not found:
        raise FileNotFoundError(f"{run}: found no checkpoint, expected one: has it been trained?")
    return found


def step_of(checkpoint: str) -> int:
    """The step at which a checkpoint was saved."""
    return int(tf.train.load_variable(checkpoint, v1.GraphKeys.GLOBAL_STEP))


def last_step(run: RunFolder) -> int:
    """The step of a run's last checkpoint, 0 without one."""
    checkpoint = last_checkpoint(run)
    return step_of(checkpoint) if checkpoint else 0


def averaged_name(name: str) -> str:
    """What TensorFlow calls the moving average of the variable of a name."""
    return f"{name}/ExponentialMovingAverage"


def names_in(checkpoint: str) -> dict[str, str]:
    """The name in a checkpoint of each of the default graph's network variables that it holds, by their own name.

    Averages where it holds them: a run's own checkpoints hold both, its best one the averages under the plain names and
    nothing of the optimiser.
    """
    held = {name for name, _ in tf.train.list_variables(checkpoint)}
    names = [value.op.name for value in network_variables()]
    found = {name: averaged_name(name) if averaged_name(name) in held else name for name in names}
    return {name: place for name, place in found.items() if place in held}


def restorer(checkpoint: str) -> v1.train.Saver:
    """A Saver that restores the default graph's network from a checkpoint (see `names_in`), which must hold it all."""
    places = names_in(checkpoint)
    return v1.train.Saver({places.get(value.op.name, value.op.name): value for value in network_variables()})


def best_saver(averages: tf.train.ExponentialMovingAverage | None) -> v1.train.Saver:
    """A Saver of the network for inference: of its averages where there are any, under the variables' plain names."""
    variables = {value.op.name: value for value in network_variables()}
    if averages:
        variables = {name: averages.average(value) for name, value in variables.items()}
    step = v1.train.get_or_create_global_step()
    return v1.train.Saver({**variables, step.op.name: step}, max_to_keep=1, save_relative_paths=True)


def save_best(session: v1.Session, saver: v1.train.Saver, run: RunFolder, step: int) -> None:
    """Saves the best checkpoint; that of before is removed, also where this process has not saved it itself."""
    run.best_folder.mkdir(exist_ok=True)
    state = tf.train.get_checkpoint_state(str(run.best_folder))
    if state and not saver.last_checkpoints:  # after a resume
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
    saver.save(session, str(run.best_checkpoints), global_step=step, write_meta_graph=False)
