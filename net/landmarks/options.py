"""The landmarks' part of the command line: which records, which network, which losses, how far faces are changed."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from net.data.ranges import NO_AUGMENTATION, Ranges
from net.data.selection import Fold, Selection
from net.landmarks.settings import SPREAD, LandmarkSettings
from net.landmarks.task import LandmarkTask
from net.model.shape import LEARNED, Shape
from net.options import add_options, from_options
from net.run.folder import LANDMARK_RUNS
from net.training.options import TaskOptions
from records.mixes import mix_of


def add_landmark_options(parser: argparse.ArgumentParser) -> None:
    """Adds what only the training of landmarks has."""
    add = parser.add_argument
    add("--mix", type=mix_of, help="how often subsets come: NAME=WEIGHT,... (300W/*=2,300W_LP/AFW=0.5); others 1")
    help_weigh = "a face counts half whose label is in such doubt, in fractions of the crop's side, as a teacher told"
    add("--weigh", type=mix_of, metavar="WEIGH", help=f"{help_weigh}: NAME=DOUBT,... (300W_LP/*=0.015); others whole")
    add("--fold", help="i/k: train on the sources outside fold i of k, test on those in it, whatever the set's split")
    help_validation = "part of the training sources held out to choose the best weights, in place of the test records"
    add("--validation", type=float, default=0.0, help=f"{help_validation} (default: none)")
    help_subset = "learn only these points: names, numbers, groups (left_eye_center,nose_tip or eyes,30)"
    add("--points-subset", default="", metavar="POINTS", help=f"{help_subset} (default: all)")
    add_options(parser.add_argument_group("network"), Shape)
    add_options(parser.add_argument_group("losses and dropout"), LandmarkSettings)
    augmentation = parser.add_argument_group("augmentation")
    add_options(augmentation, Ranges)
    augmentation.add_argument("--no-augment", action="store_true", help="no augmentation at all")


def landmark_task_of(args: argparse.Namespace) -> LandmarkTask:
    """The task that parsed options ask for. Raises ValueError as its parts do."""
    fold = Fold.parse(args.fold) if args.fold else None
    ranges = from_options(args, Ranges)  # checked where there is to be none, too
    shape, own = from_options(args, Shape), from_options(args, LandmarkSettings)
    if own.learn == SPREAD:
        shape = replace(shape, spread=LEARNED)  # whatever the network had that training starts from
    return LandmarkTask(
        Selection(args.records, fold, args.mix or {}, args.points_subset, args.validation, args.weigh or {}),
        shape,
        own,
        NO_AUGMENTATION if args.no_augment else ranges,
    )


LANDMARK_OPTIONS = TaskOptions(
    kind=LANDMARK_RUNS,
    together=True,
    defaults={"records": "data/records", "run": "runs/latest", "batch": 64},
    recipes=Path(__file__).resolve().parents[1] / "recipes",
    add=add_landmark_options,
    task_of=landmark_task_of,
)
