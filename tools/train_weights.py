"""Trains the standard weights anew, as those that ship were: records, network, more of it, its own pupils, export.

    python tools/train_weights.py 300W 300W_LP
    python tools/train_weights.py 300W 300W_LP --init infer/landmark.json

1. `--recipe real` from nothing, 2. `--recipe real_more` from there, 3. labels moved towards what that network says of
many views of each face (tools/rewrite/distil.py), and `--recipe real_taught` on those, from the same network, 4. the
same again with both networks as teachers and `--recipe real_taught_more`, 5. `--recipe real_polished`: on with little
augmentation, 6. the export. Some four and a half hours on 2 cores, summed over the stages; with --init, a model that is
there, only 4 to 6, from it and by it: 75 minutes. The same command again goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.console import speak_plainly
from records.manifest import MANIFEST
from tools.shell import call, exit_code_of

FORMATS = ("--checkpoint", "last", "--formats", "pb16")


@dataclass(frozen=True)
class Lesson:
    """Labels distilled anew, and the recipes to learn them by, each from the one before's weights.

    trust: how far labels move towards the teachers, by subset: by hand, by machine, by a fitted 3-D model.
    """

    recipes: tuple[str, ...]
    trust: str
    views: int


LESSONS = (
    Lesson(("real_taught",), "300W/*=0.6,300W/YTF=0.7,300W_LP/*=0.4", 16),
    Lesson(("real_taught_more", "real_polished"), "300W/*=0.7,300W/YTF=0.8,300W_LP/*=0.5", 12),
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="300W and 300W_LP, in the layout of 300W-LP")
    add("--init", type=Path, help="model (landmark.json) to go on from: the last lesson alone")
    add("--work", type=Path, default=ROOT / "runs" / "weights", help="records and runs (default: runs/weights)")
    add("--out", type=Path, default=ROOT / "infer" / "local", help="folder of the model (default: infer/local)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    return exit_code_of(
        "train_weights",
        lambda: train_weights(args.data, args.init, args.work, args.out),
        "stopped; the same command goes on from there",
    )


def train_weights(data: list[Path], init: Path | None, work: Path, out: Path) -> None:
    """All steps: records, lessons, export. init: a contract to go on from.

    Raises subprocess.CalledProcessError where a step fails.
    """
    records = work / "records"
    make_once(records, "tools/make_records.py", *data)
    lessons = LESSONS if init is None else LESSONS[-1:]
    if init is None:
        train("real", work, records)
        init = train("real_more", work, records, "--init", work / "real")
    teachers: list[Path] = []
    for lesson in lessons:
        teachers = [frozen(init, work), *teachers]
        init = learn(lesson, records, teachers, init, work)
    call("export/freeze.py", "--run", init, "--out", out, *FORMATS)


def learn(lesson: Lesson, records: Path, teachers: list[Path], init: Path, work: Path) -> Path:
    """Trains on labels distilled by teachers (models), from init (a run or a contract); gives the last run."""
    taught = work / f"records_{lesson.recipes[0]}"
    options = ("--teacher", *teachers, "--trust", lesson.trust, "--views", lesson.views)
    make_once(taught, "tools/rewrite/distil.py", records, *options)
    for recipe in lesson.recipes:
        init = train(recipe, work, taught, "--init", init)
    return init


def frozen(network: Path, work: Path) -> Path:
    """The model, to teach, of a run or of a contract."""
    if network.suffix == ".json":
        return network.with_suffix(".pb")
    model = work / "models" / network.name
    call("export/freeze.py", "--run", network, "--out", model, *FORMATS)
    return model / "landmark.pb"


def make_once(folder: Path, script: str, *arguments) -> None:
    """Makes a set of records unless it is there, whole."""
    if not (folder / MANIFEST).is_file():
        call(script, *arguments, "--out", folder, fine=(0, 1))  # 1: some faces were skipped, and named


def train(recipe: str, work: Path, records: Path, *options) -> Path:
    """Trains into a run named after its recipe; gives the run."""
    run = work / recipe
    call("net/train.py", "--recipe", recipe, "--records", records, "--run", run, *options)
    return run


if __name__ == "__main__":
    sys.exit(main())
