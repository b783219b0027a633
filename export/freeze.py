"""Freezes a run's network into landmark.pb + landmark.json; OpenCV and TensorFlow must answer like the checkpoint.

python export/freeze.py --run DIR --out DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from export import frozen, parity
from net.batches import RecordSet

TOLERANCE = 1e-5  # of the crop's side, the largest difference of any coordinate
TERMS = "Weights follow the terms of their training data; 300-W and 300W-LP are for research, not commercial, use."


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--run", type=Path, default=ROOT / "runs" / "latest", help="run folder of net/train.py (default: runs/latest)"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "infer" / "local", help="folder of the model (default: infer/local)"
    )
    parser.add_argument("--records", type=Path, help="records to compare on (default: those the run was trained on)")
    parser.add_argument("--checkpoint", choices=("best", "last"), default="best", help="(default: %(default)s)")
    parser.add_argument(
        "--terms", default=TERMS, help="terms of use, kept in the contract (default: those of 300-W and 300W-LP)"
    )
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    frozen.v1.logging.set_verbosity(frozen.v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        freeze(args)
    except (ValueError, OSError, frozen.tf.errors.OpError) as error:
        print(f"freeze: {error}", file=sys.stderr)
        return 2
    return 0


def freeze(args: argparse.Namespace) -> None:
    """Writes the model and its contract under temporary names; they get their names when both runtimes agree."""
    run = frozen.Run(args.run, args.checkpoint)
    records = RecordSet(args.records or run.records)
    images, _ = parity.faces(records)
    with frozen.staging(args.out) as folder:
        model = folder / frozen.MODEL
        model.write_bytes(frozen.frozen_graph(run).SerializeToString(deterministic=True))
        differences = parity.compare(model, run.answer(images), images, TOLERANCE)
        frozen.write_contract(model, run, differences, TOLERANCE, args.terms)
    for runtime, difference in differences.items():
        print(f"{runtime}: at most {difference:.2e} of the crop's side from the checkpoint, on {len(images)} faces")
    model, contract = args.out / frozen.MODEL, args.out / frozen.CONTRACT
    print(f"written: {model} ({model.stat().st_size / 1e6:.2f} MB) and {contract}, from step {run.step}")


if __name__ == "__main__":
    sys.exit(main())
