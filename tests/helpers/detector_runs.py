"""Run folders of a detector without a training: a tiny network of random weights, as training would have saved it."""

from __future__ import annotations

from pathlib import Path

from net.detector.kind import DETECTOR_RUNS, ScenesSummary
from net.detector.network import detector
from net.detector.shape import DetectorShape
from net.run.checkpoints import best_saver, save_best
from net.run.folder import Best, RunFolder, RunSettings
from records.runtime import tf, v1
from records.split import Split
from tests.helpers.random_weights import random_load

SHAPE = DetectorShape(stem=4, fine=0, stage8=5, stage16=8, stage32=16, merge=6)
STEP = 7
SUBSETS = {"300W/scenes": {"train": 5, "test": 2}, "DRAWN/DRAWN": {"train": 3, "test": 1}}


def settings_of_detector(shape: DetectorShape = SHAPE, init: Path | None = None) -> RunSettings:
    """What settings.json of such a run says; init: what it was started from."""
    scenes = ScenesSummary("pts_2d", 640, SUBSETS)
    options = {"records": "absent", "init": str(init) if init else None}
    return RunSettings(DETECTOR_RUNS, options, shape, scenes, Split(0.2))


def make_detector_run(folder: Path, shape: DetectorShape = SHAPE, last: int = STEP, **measures: float) -> RunFolder:
    """A run folder with settings, a last checkpoint and a best one, of which these measures are noted."""
    folder.mkdir(parents=True)
    run = RunFolder(folder)
    run.write_settings(settings_of_detector(shape))
    with v1.Graph().as_default(), v1.Session() as session:
        detector(v1.placeholder(tf.float32, [None, None, None, 3]), shape, is_training=False)
        saver = best_saver(None)
        random_load()(session)
        v1.train.get_global_step().load(STEP, session)
        save_best(session, saver, run, STEP)
        v1.train.get_global_step().load(last, session)
        v1.train.Saver().save(session, str(run.checkpoints), global_step=last)
    run.write_best(Best(STEP, measures), DETECTOR_RUNS)
    return run
