"""Freezes a run's network into landmark.pb + landmark.json, and other formats; every runtime must answer alike.

python export/freeze.py --run DIR --out DIR [--formats pb,pb16,onnx,tflite,int8]    (a detector's run: detector.pb)
python export/freeze.py --model infer/landmark.pb --out DIR --formats onnx,tflite
python export/freeze.py --summary FILE.pb [--board DIR]
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.console import speak_plainly  # isort: skip  (first: infer says in one line where OpenCV does not load)

from export.acceptance import write_accepted
from export.checkpoint import DetectorCheckpoint, LandmarkCheckpoint
from export.contract import OVERLAP, THRESHOLD, Decision, write_contract
from export.formats import FORMATS, MODEL, parse_formats
from export.frozen_model import FrozenDetector, FrozenModel
from export.graphs import read_graph, write_board
from export.originals import Original, detector_model, detector_run, landmark_model, landmark_run
from export.staging import staging
from export.summary import summarise
from infer.model.document import kind_of
from net.detector.kind import DETECTOR_RUNS
from net.run.folder import RunFolder
from records.runtime import tf, v1


@dataclass(frozen=True)
class Export:
    """Where to: the model's files and contract, by name into a folder; board: folder of the event file, if any."""

    folder: Path
    name: str
    board: Path | None = None


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit code: 0 all formats written, 1 a format did not pass and is named (the others are written, but "
        "nothing where it is the first), 2 wrong usage, no run, no records",
    )
    add = parser.add_argument
    add("--run", type=Path, default=ROOT / "runs" / "latest", help="run folder (default: runs/latest)")
    add("--model", type=Path, help="convert this frozen model in place of a run; --out has to be given")
    add("--out", type=Path, help="folder of the model (default: infer/local)")
    add(
        "--records",
        type=Path,
        help="face records to compare on (default: those the run was trained on; for --model the pictures in images/, "
        "as always for a detector)",
    )
    add("--checkpoint", choices=("best", "last"), default="best", help="(default: %(default)s)")
    add(
        "--formats",
        default="pb",
        help=f"what to write, of {','.join(FORMATS)}; the first is the main one, and the first of pb and pb16 is "
        "NAME.pb (default: %(default)s)",
    )
    add("--name", help=f"of the model: NAME.pb, NAME.json (default: {MODEL} or {DETECTOR_RUNS.name}, or --model's)")
    add(
        "--terms",
        help="terms of use, kept in the contract (default: --model's, or those of what the run was trained on and "
        "started from, where they are known)",
    )
    add(
        "--threshold",
        type=float,
        help="of a detector: score from which on a find is a face (default: --model's, or what training measured, else "
        f"{THRESHOLD})",
    )
    add(
        "--overlap",
        type=float,
        help=f"of a detector: IoU from which on two finds are one face (default: --model's, else {OVERLAP})",
    )
    add("--summary", type=Path, metavar="FILE.pb", help="show what a frozen graph consists of, and write nothing")
    add("--board", type=Path, metavar="DIR", help="write the graph as an event file for TensorBoard to this folder")
    return _completed(parser, parser.parse_args(argv))


def _completed(parser: argparse.ArgumentParser, args: argparse.Namespace) -> argparse.Namespace:
    """The arguments with formats as such and the defaults that depend on others; ends where they contradict."""
    try:
        args.formats = parse_formats(args.formats)
    except ValueError as error:
        parser.error(f"--{error}")
    if args.model and not args.out:
        parser.error("--model: found no --out, expected the folder of the converted model")
    args.name = args.name or (args.model.stem if args.model else None)
    args.out = args.out or ROOT / "infer" / "local"
    if args.model and (args.out / args.name).resolve() == args.model.with_suffix("").resolve():
        parser.error(f"--out: found the folder of --model, expected another one, or a --name other than {args.name}")
    if args.name is not None and not re.fullmatch(r"\w+", args.name):
        parser.error(f"--name: found {args.name!r}, expected letters, digits and _")
    return args


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    v1.logging.set_verbosity(v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        if args.summary:
            return show(args.summary, args.board)
        original = original_of(args)
        return export(original, Export(args.out, args.name or original.name, args.board))
    except (ValueError, OSError, ImportError, tf.errors.OpError) as error:
        print(f"freeze: {str(error).strip().splitlines()[0]}", file=sys.stderr)
    except KeyboardInterrupt:
        print("freeze: stopped; nothing is changed", file=sys.stderr)
        return 130
    return 2


def show(file: Path, board: Path | None) -> int:
    """Prints what a frozen graph consists of."""
    graph = read_graph(file)
    print(summarise(graph).table())
    to_board(graph, board)
    return 0


def original_of(args: argparse.Namespace) -> Original:
    """What the arguments ask to export. Raises ValueError for arguments that its kind of network has no use for."""
    decision = Decision(args.threshold, args.overlap)
    if (kind_of(args.model) if args.model else RunFolder(args.run).kind_name()) == DETECTOR_RUNS.name:
        return _detector_of(args, decision)
    if decision.given():
        raise ValueError("--threshold, --overlap: found a landmark network, expected a detector")
    how = args.records, args.formats, args.terms
    if args.model:
        return landmark_model(FrozenModel(args.model), *how)
    return landmark_run(LandmarkCheckpoint(args.run, args.checkpoint), *how)


def _detector_of(args: argparse.Namespace, decision: Decision) -> Original:
    if args.records:
        raise ValueError("--records: found a detector, which is compared on the pictures in images/ alone")
    how = args.formats, args.terms, decision
    if args.model:
        return detector_model(FrozenDetector(args.model), *how)
    return detector_run(DetectorCheckpoint(args.run, args.checkpoint), *how)


def export(original: Original, wanted: Export) -> int:
    """Writes the formats under temporary names; they get their own when the proof is there. The exit code."""
    if original.summary:
        print(original.summary.table(), flush=True)
    with staging(wanted.folder) as folder:
        files, failures = write_accepted(
            folder, original.formats, original.graph, original.truth, original.calibration, wanted.name
        )
        if files:
            write_contract(folder / f"{wanted.name}.json", original.contract(files))
    to_board(original.graph, wanted.board)
    names = [file.path.name for file in files]
    return report(wanted, names, failures, original.said)


def to_board(graph: v1.GraphDef, folder: Path | None) -> None:
    """Writes the graph for TensorBoard where that is asked for."""
    if folder:
        write_board(graph, folder)
        print(f"written: {folder}; see it with: tensorboard --logdir {folder}")


def report(wanted: Export, names: Sequence[str], failures: Sequence[str], origin: str) -> int:
    """Says what was written, from where, and what failed; the exit code."""
    if names:
        print(f"written: {wanted.folder}{os.sep}: {' '.join([*names, f'{wanted.name}.json'])}, from {origin}")
    for failure in failures:
        print(f"freeze: removed: {failure}", file=sys.stderr)
    if failures and not names:
        print(f"freeze: nothing written, {wanted.folder} is as it was", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
