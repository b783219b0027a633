"""Measures models the way they ship (infer, OpenCV) on annotated faces, side by side.

    python tools/evaluate.py MODEL... --data DATASET [DATASET...]
    python tools/evaluate.py --folds DIR --data DATASET [DATASET...]

Errors from true, shifted and detected boxes, one pass and two, with intervals; speed and size; plots. Any network of 68
points that OpenCV runs can stand beside ours, with a contract written by hand: see the README. AFLW2000-3D as it is
published: --data AFLW2000 --split all, with a model of --points pts_3d. Exit code 1: faces could not be read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2

from infer.files.atomic import write_atomically
from records.split import split_of
from tools.evaluation import folds
from tools.evaluation import plots as evaluation_plots
from tools.evaluation import report as evaluation_report
from tools.evaluation import tables as evaluation_tables
from tools.evaluation.footprint import footprint
from tools.evaluation.mean_face import MEAN_SHAPE
from tools.evaluation.measure import Measured, Model, Settings, measure, open_models
from tools.evaluation.speed import speed_rows
from tools.read import formats as readers
from tools.read import w300lp as read_300w_lp
from tools.read.face import Item

SPLITS = ("test", "train", "all")


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("models", nargs="*", type=Path, metavar="MODEL", help="landmark.pb or .onnx with its contract .json beside it")
    add("--data", nargs="+", type=Path, required=True, metavar="DATASET", help="what make_records.py reads")
    add("--folds", type=Path, metavar="DIR", help="instead of models: runs of --fold i/k, frozen in their own folders")
    add("--points", choices=read_300w_lp.POINT_KEYS, default="pts_2d", help="(default: %(default)s)")
    help_split = "test: sources that training did not see (default: %(default)s)"
    add("--split", choices=SPLITS, default="test", help=help_split)
    add("--test-fraction", type=float, default=0.1, help="as given to make_records.py (default: %(default)s)")
    add("--draws", type=int, default=3, help="shifted boxes per face; 0: none (default: %(default)s)")
    add("--seed", type=int, default=0, help="of shifted boxes and intervals (default: %(default)s)")
    add("--no-detector", action="store_true", help="leave the detector out: it takes most of the time")
    add("--no-speed", action="store_true", help="leave times and memory out")
    help_out = "folder for evaluation.md, evaluation.json and plots (default: ./output/evaluation)"
    add("--out", type=Path, default=Path("output", "evaluation"), metavar="DIR", help=help_out)
    add("--json", type=Path, metavar="FILE", help="all numbers to this file as well")
    args = parser.parse_args(argv)
    check(parser, args)
    return args


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends with a usage error where the arguments do not fit together."""
    if bool(args.models) == bool(args.folds):
        parser.error("expected models, or --folds DIR")
    if args.draws < 0 or args.seed < 0:
        parser.error(f"--draws {args.draws} --seed {args.seed}: expected at least 0")


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        document, text, plots = cross_validate(args) if args.folds else compare(args)
        evaluation_report.write_report(document, text, args.out, plots)
        if args.json:
            write_atomically(args.json, evaluation_report.as_json(document))
    except (ValueError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print(f"\n{text}\nwritten: {args.out}/evaluation.md, evaluation.json{''.join(f', {name}' for name in plots)}")
    for line in document["skipped"]:
        print(f"skipped: {line}", file=sys.stderr)
    return 1 if document["skipped"] else 0


def compare(args: argparse.Namespace) -> tuple[dict, str, list[str]]:
    """The models side by side: all numbers, the tables, and the names of the plots, which are written."""
    models, items = open_models(args.models), chosen_items(args)
    document = {**circumstances(args), **costs(models, not args.no_speed)}
    measured = measure(items, models, settings_of(args))
    document |= numbers(measured, args.seed)
    document["notes"] = [note for model in models for note in seen_in_training(model, models[model], measured, args)]
    plots = evaluation_plots.write_plots(measured, document["measures"], args.out)
    return document, evaluation_report.markdown(document), plots


def cross_validate(args: argparse.Namespace) -> tuple[dict, str, list[str]]:
    """The runs of a cross-validation, each on its fold, and their sum: all numbers, the tables, no plots."""
    found = folds.find_folds(args.folds)
    rows, skipped = folds.measure_folds(found, all_items(args), settings_of(args))
    skipped += [f"fold {name}: no run in {args.folds}" for name in folds.missing_folds(found)]
    sums = folds.sum_up(rows)
    return {**circumstances(args), "rows": rows, "sums": sums, "skipped": skipped}, folds.markdown(rows, sums), []


def settings_of(args: argparse.Namespace) -> Settings:
    """What the options say of the measuring."""
    return Settings(args.points, args.draws, args.seed, not args.no_detector)


def all_items(args: argparse.Namespace) -> list[Item]:
    """The faces of all data sets."""
    return [item for folder in args.data for item in readers.find(folder, folder.resolve().name)]


def chosen_items(args: argparse.Namespace) -> list[Item]:
    """The faces of all data sets that lie on the chosen side of the split. Raises ValueError where none does."""
    items = all_items(args)
    chosen = [item for item in items if args.split in ("all", split_of(item.source, args.test_fraction))]
    if not chosen:
        raise ValueError(f"{', '.join(map(str, args.data))}: found {len(items)} faces, none of the split {args.split}")
    return chosen


def circumstances(args: argparse.Namespace) -> dict:
    """What the numbers were measured with."""
    names = ("points", "split", "test_fraction", "draws", "seed")
    kept = {name: getattr(args, name) for name in names}
    return {"data": [path.resolve().name for path in args.data], **kept, "opencv": cv2.__version__}


def numbers(measured: Measured, seed: int) -> dict:
    """All that follows from the answers."""
    every = evaluation_tables.measures(measured, seed)
    return {
        "scheme": measured.scheme.name,
        "faces": len(measured.keys),
        "sources": len(set(measured.sources.tolist())),
        "rows": evaluation_tables.accuracy_rows(every),
        "boxes": evaluation_tables.box_rows(measured),
        "differences": evaluation_tables.differences(measured, seed),
        "measures": every,
        "skipped": measured.skipped,
    }


def costs(models: dict[str, Model], timed: bool) -> dict:
    """Time, size and memory of the networks; the baseline has none worth a row."""
    networks = {name: model for name, model in models.items() if name != MEAN_SHAPE}
    return {
        "costs": {name: footprint(model, timed) for name, model in networks.items()},
        "speed": speed_rows(networks) if timed else [],
    }


def seen_in_training(name: str, model: Model, measured: Measured, args: argparse.Namespace) -> list[str]:
    """A note where a model was trained on sets of the same name, and more than the held-out faces are measured."""
    trained = set() if name == MEAN_SHAPE else set(model.contract.trained_on.faces)
    shared = sorted(trained & set(measured.subsets.tolist()))
    if args.split == "test" or not shared:
        return []
    return [f"{name} was trained on faces of {', '.join(shared)}: the split {args.split} holds faces that it has seen."]


if __name__ == "__main__":
    sys.exit(main())
