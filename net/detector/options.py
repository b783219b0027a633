"""The detector's part of the command line: which scenes, which network, which losses, how scenes are made."""

from __future__ import annotations

import argparse
from pathlib import Path

from net.detector.kind import DETECTOR_RUNS
from net.detector.ranges import SceneRanges
from net.detector.settings import DetectionSettings
from net.detector.shape import DetectorShape
from net.detector.task import DetectorTask
from net.options import add_options, from_options
from net.training.options import TaskOptions
from records.mixes import mix_of


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """Adds what only the training of a detector has."""
    help_mix = "how often the pictures of subsets come: NAME=WEIGHT,... (*/crowds=6,*negatives*=2); others 1"
    parser.add_argument("--mix", type=mix_of, help=help_mix)
    add_options(parser.add_argument_group("network"), DetectorShape)
    add_options(parser.add_argument_group("losses, scenes and tests"), DetectionSettings)
    add_options(parser.add_argument_group("how scenes are made"), SceneRanges)


def detector_task_of(args: argparse.Namespace) -> DetectorTask:
    """The task that parsed options ask for. Raises ValueError as its parts do."""
    return DetectorTask(
        args.records,
        args.mix or {},
        from_options(args, DetectorShape),
        from_options(args, DetectionSettings),
        from_options(args, SceneRanges),
    )


DETECTOR_OPTIONS = TaskOptions(
    kind=DETECTOR_RUNS,
    together=False,
    defaults={
        "records": "data/scenes",
        "run": "runs/detector",
        "batch": 32,
        "optimizer": "muon",
        "rate": 0.012,
        "schedule": "cosine",
        "warmup": 200,
        "average": 0.999,
        "weight_decay": 5e-5,
    },
    recipes=Path(__file__).resolve().parents[1] / "recipes" / "detector",
    add=add_detector_options,
    task_of=detector_task_of,
)
