"""Trains the standard weights anew, as those that ship were: records, network, more of it, its own pupil, export.

    python tools/train_weights.py 300W 300W_LP

1. `--recipe real` from nothing, 2. `--recipe real_more` from there, 3. labels moved towards what that network says of
many views of each face (tools/distil_records.py), 4. `--recipe real_taught` on those, from the same network, 5. the
export. Some three hours on 2 cores; the same command again goes on where it stopped.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from records import shards
from tools.commands import call

# how far labels move towards the teacher: by hand, by machine, by a fitted 3-D model
TRUST = "300W/*=0.6,300W/YTF=0.7,300W_LP/*=0.4"


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", nargs="+", type=Path, help="300W and 300W_LP, in the layout of 300W-LP")
    add("--work", type=Path, default=ROOT / "runs" / "weights", help="records and runs (default: runs/weights)")
    add("--out", type=Path, default=ROOT / "infer" / "local", help="folder of the model (default: infer/local)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    try:
        train_weights(args.data, args.work, args.out)
    except subprocess.CalledProcessError as error:
        print(f"train_weights: {error.cmd[1]} ended with exit code {error.returncode}", file=sys.stderr)
        return error.returncode
    return 0


def train_weights(data: list[Path], work: Path, out: Path) -> None:
    """Raises subprocess.CalledProcessError where a step fails."""
    records, taught = work / "records", work / "records_taught"
    make_once(records, "tools/make_records.py", *data)
    train("real", work, records)
    train("real_more", work, records, "--init", work / "real")
    call("export/freeze.py", "--run", work / "real_more", "--out", work / "teacher", "--checkpoint", "last")
    teacher = work / "teacher" / "landmark.pb"
    make_once(taught, "tools/distil_records.py", records, "--teacher", teacher, "--trust", TRUST)
    train("real_taught", work, taught, "--init", work / "real_more")
    formats = ("--checkpoint", "last", "--formats", "pb16")
    call("export/freeze.py", "--run", work / "real_taught", "--out", out, *formats)


def make_once(folder: Path, script: str, *arguments) -> None:
    """Makes a set of records unless it is there, whole."""
    if not (folder / shards.MANIFEST).is_file():
        call(script, *arguments, "--out", folder, fine=(0, 1))  # 1: some faces were skipped, and named


def train(recipe: str, work: Path, records: Path, *options) -> None:
    """Trains into a run named after its recipe."""
    call("net/train.py", "--recipe", recipe, "--records", records, "--run", work / recipe, *options)


if __name__ == "__main__":
    sys.exit(main())
