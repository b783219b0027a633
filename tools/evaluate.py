"""Measures models the way they ship (infer, OpenCV) on annotated faces: NME in all, per subset and per yaw bin.

python tools/evaluate.py MODEL... --data DATASET [DATASET...] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import numpy as np

from infer.landmarker import Landmarker
from infer.outputs import write_atomically
from records import metrics
from records.split import split_of
from tools import read_300w_lp, readers
from tools.faces import BadSample, Item
from tools.progress import Progress

SPLITS = ("test", "train", "all")


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("models", nargs="+", type=Path, metavar="MODEL", help="landmark.pb with landmark.json beside it")
    add("--data", nargs="+", type=Path, required=True, metavar="DATASET", help="what make_records.py reads")
    add("--points", choices=read_300w_lp.POINT_KEYS, default="pts_2d", help="(default: %(default)s)")
    add(
        "--split",
        choices=SPLITS,
        default="test",
        help="test: sources that training did not see (default: %(default)s)",
    )
    add("--test-fraction", type=float, default=0.1, help="as given to make_records.py (default: %(default)s)")
    add("--json", type=Path, help="file for all numbers")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        landmarkers = {str(path): Landmarker(path) for path in args.models}
        items = chosen_items(args)
        answers, skipped = measure(items, landmarkers, args.points)
        rows = [row for model in landmarkers for row in table(model, answers)]
    except (ValueError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print(markdown(rows))
    for error in skipped:
        print(f"skipped: {error}", file=sys.stderr)
    if args.json:
        everything = {"points": args.points, "split": args.split, "rows": rows, "skipped": skipped}
        write_atomically(args.json, (json.dumps(everything, indent=1) + "\n").encode())
    return 1 if skipped else 0


def chosen_items(args: argparse.Namespace) -> list[Item]:
    """The faces of all data sets that lie on the chosen side of the split. Raises ValueError where none does."""
    items = [item for folder in args.data for item in readers.find(folder, folder.resolve().name)]
    chosen = [item for item in items if args.split in ("all", split_of(item.source, args.test_fraction))]
    if not chosen:
        raise ValueError(f"{', '.join(map(str, args.data))}: found {len(items)} faces, none of the split {args.split}")
    return chosen


def measure(items: list[Item], landmarkers: dict[str, Landmarker], points: str) -> tuple[dict, list[str]]:
    """True points and each model's answers from the true box after one and two passes, and what was skipped.

    Returns the arrays `true` and `<model> <passes>` [N, K, 2] in pixels, `subset` [N], `yaw` [N] in radians.
    """
    answers, skipped = {"true": [], "subset": [], "yaw": []}, []
    for item in progress_over(items):
        try:
            face = readers.read(item, points)
        except BadSample as error:
            skipped.append(f"{item.key}: {error}")
            continue
        answers["true"].append(face.points)
        answers["subset"].append(f"{item.dataset}/{item.subset}")
        answers["yaw"].append(face.pose[1])
        for model, landmarker in landmarkers.items():
            for passes in (1, 2):
                found = landmarker.fit(face.image, face.box[None], passes)[0]
                answers.setdefault((model, passes), []).append(found)
    if not answers["true"]:
        raise ValueError(f"found {len(items)} faces and none readable, the first: {skipped[0]}")
    return {key: np.array(value) for key, value in answers.items()}, skipped


def progress_over(items: list[Item]):
    """The items, with progress shown."""
    with Progress(len(items), "faces") as progress:
        for item in items:
            yield item
            progress.step()


def table(model: str, answers: dict) -> list[dict]:
    """One row per subset and per yaw bin of each subset: faces, NME in % by inter-ocular distance and by box size."""
    rows = []
    for subset in np.unique(answers["subset"]):
        inside = answers["subset"] == subset
        rows.append(row(model, subset, inside, answers))
        for index, name in enumerate(metrics.YAW_BINS):
            chosen = inside & (metrics.yaw_bin(answers["yaw"]) == index)
            if chosen.any():
                rows.append(row(model, f"{subset}, {name}", chosen, answers))
    return rows


def row(model: str, name: str, chosen: np.ndarray, answers: dict) -> dict:
    """The errors of one model on the chosen faces."""
    errors = {
        f"{norm}, {passes} pass": 100 * metrics.mean_nme(answers[model, passes][chosen], answers["true"][chosen], norm)
        for norm in ("inter_ocular", "box")
        for passes in (1, 2)
    }
    return {"model": model, "faces of": name, "number": int(chosen.sum()), **errors}


def markdown(rows: list[dict]) -> str:
    """The rows as a Markdown table, NME in %."""
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    for one in rows:
        lines.append("| " + " | ".join(f"{v:.2f}" if isinstance(v, float) else str(v) for v in one.values()) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
