"""The settings that are committed for Kaggle's task are ones that train.py takes."""

from pathlib import Path

import pytest

from net import train
from net.model.shape import Shape
from net.options import from_options
from net.sweep import read_plan
from net.training.step import Settings, check_heat

PLAN = Path(train.__file__).with_name("plans") / "kaggle.json"


@pytest.mark.parametrize("recipe", [name for name in train.recipes() if name.startswith("kaggle")])
def test_recipes_are_taken(recipe):
    args = train.parse_args(["--recipe", recipe])
    shape = from_options(args, Shape, points=15)
    check_heat(shape, from_options(args, Settings))
    assert shape.planes == 1 and args.steps % args.eval_every == 0


def test_the_classic_recipe_is_the_classic_way():
    args = train.parse_args(["--recipe", "kaggle_classic"])
    assert (args.optimizer, args.schedule, args.head, args.loss) == ("sgd", "plateau", "dense", "l2")
    assert args.pixels == args.labels == "standardised" and args.stop_after > args.patience and args.validation > 0


def test_the_plan_is_taken():
    trials = read_plan(PLAN)
    assert len(trials) == len({trial.folder for trial in trials}) == 8
    for trial in trials:
        args = train.parse_args(trial.arguments())
        check_heat(from_options(args, Shape, points=15), from_options(args, Settings))
        assert args.no_plots and args.validation > 0
