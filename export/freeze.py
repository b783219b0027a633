"""Freezes a run's network into landmark.pb + landmark.json, and other formats; every runtime must answer alike.

python export/freeze.py --run DIR --out DIR [--formats pb,pb16,onnx,tflite,int8]
python export/freeze.py --model infer/landmark.pb --out DIR --formats onnx,tflite
python export/freeze.py --summary FILE.pb [--board DIR]
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from export import checkpoint as frozen
from export import contract as contracts
from export import gate, graphs, parity
from export import model as conversion
from export.crop import crop_around
from export.formats import FORMATS, MODEL, parse_formats
from export.staging import staging
from export.summary import summarise
from net.data.record_set import RecordSet

TERMS = (
    "Weights follow the terms of their training data; "
    "300-W, 300W-LP and YouTube Faces are for research, not commercial, use."
)


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit code: 0 all formats written, 1 a format did not pass and is named (the others are written, but "
        "nothing where it is the first), 2 wrong usage, no run, no records",
    )
    add = parser.add_argument
    add("--run", type=Path, default=ROOT / "runs" / "latest", help="run folder of net/train.py (default: runs/latest)")
    add("--model", type=Path, help="convert this frozen model in place of a run; --out has to be given")
    add("--out", type=Path, help="folder of the model (default: infer/local)")
    add(
        "--records",
        type=Path,
        help="records to compare on (default: those the run was trained on; for --model the pictures in images/)",
    )
    add("--checkpoint", choices=("best", "last"), default="best", help="(default: %(default)s)")
    add(
        "--formats",
        default="pb",
        help=f"what to write, of {','.join(FORMATS)}; the first is the main one, and the first of pb and pb16 is "
        "NAME.pb (default: %(default)s)",
    )
    add("--name", help=f"of the model: NAME.pb, NAME.json (default: {MODEL}, or --model's)")
    add(
        "--terms",
        help="terms of use, kept in the contract (default: those of 300-W, 300W-LP and YouTube Faces, or --model's)",
    )
    add("--summary", type=Path, metavar="FILE.pb", help="show what a frozen graph consists of, and write nothing")
    add("--board", type=Path, metavar="DIR", help="write the graph as an event file for TensorBoard to this folder")
    args = parser.parse_args(argv)
    try:
        args.formats = parse_formats(args.formats)
    except ValueError as error:
        parser.error(f"--{error}")
    if args.model and not args.out:
        parser.error("--model: found no --out, expected the folder of the converted model")
    args.name = args.name or (args.model.stem if args.model else MODEL)
    args.out = args.out or ROOT / "infer" / "local"
    if args.model and (args.out / args.name).resolve() == args.model.with_suffix("").resolve():
        parser.error(f"--out: found the folder of --model, expected another one, or a --name other than {args.name}")
    if not re.fullmatch(r"\w+", args.name):
        parser.error(f"--name: found {args.name!r}, expected letters, digits and _")
    return args


def main(argv=None) -> int:
    args = parse_args(argv)
    frozen.v1.logging.set_verbosity(frozen.v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        return show(args) if args.summary else convert(args) if args.model else freeze(args)
    except (ValueError, OSError, ImportError, frozen.tf.errors.OpError) as error:
        print(f"freeze: {str(error).strip().splitlines()[0]}", file=sys.stderr)
    except KeyboardInterrupt:
        print("freeze: stopped; nothing is changed", file=sys.stderr)
        return 130
    return 2


def show(args: argparse.Namespace) -> int:
    """Prints what a frozen graph consists of."""
    graph = graphs.read_graph(args.summary)
    print(summarise(graph).table())
    to_board(graph, args.board)
    return 0


def freeze(args: argparse.Namespace) -> int:
    """Writes the formats under temporary names; they get their own when the proof is there. The exit code."""
    run = frozen.Run(args.run, args.checkpoint)
    records = run.record_set(args.records)
    truth = parity.reference(run, records)
    graph = frozen.frozen_graph(run)
    summary = summarise(graph)
    print(summary.table(), flush=True)
    with staging(args.out) as folder:
        calibration = gate.calibration_of(records, args.formats)
        entries, failures = gate.write_formats(folder, args.formats, graph, truth, calibration, args.name)
        if entries:
            terms = TERMS if args.terms is None else args.terms
            contracts.write_contract(folder, run, entries, summary, terms, args.name, crop_around(records))
    to_board(graph, args.board)
    return report(args, f"step {run.step}", entries, failures)


def convert(args: argparse.Namespace) -> int:
    """As `freeze`, from a model that was frozen before. The exit code."""
    model = conversion.Model(args.model)
    records = RecordSet(args.records, grey=model.shape.picture == "grey") if args.records else None
    calibrated = [form.name for form in args.formats if form.rise is not None]
    if calibrated and not records:
        raise ValueError(f"{', '.join(calibrated)}: found no --records, expected faces to calibrate and to judge it by")
    truth = model.reference(records)
    with staging(args.out) as folder:
        calibration = gate.calibration_of(records, args.formats)
        entries, failures = gate.write_formats(folder, args.formats, model.graph, truth, calibration, args.name)
        if entries:
            contracts.write_converted(folder, model.contract, entries, args.terms, args.name)
    to_board(model.graph, args.board)
    return report(args, str(model.file), entries, failures)


def to_board(graph, folder: Path | None) -> None:
    """Writes the graph for TensorBoard where that is asked for."""
    if folder:
        graphs.write_board(graph, folder)
        print(f"written: {folder}; see it with: tensorboard --logdir {folder}")


def report(args: argparse.Namespace, origin: str, entries: dict[str, dict], failures: list[str]) -> int:
    """Says what was written, from where, and what failed; the exit code."""
    if entries:
        names = " ".join([*(entry["file"] for entry in entries.values()), f"{args.name}.json"])
        print(f"written: {args.out}{os.sep}: {names}, from {origin}")
    for failure in failures:
        print(f"freeze: removed: {failure}", file=sys.stderr)
    if failures and not entries:
        print(f"freeze: nothing written, {args.out} is as it was", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
