"""What freeze.py does with a request: the original is read, its files are written, proved and put in their place."""

from __future__ import annotations

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export.acceptance import write_accepted
from export.checkpoint import DetectorCheckpoint, LandmarkCheckpoint
from export.document import write_contract
from export.formats import formats_of
from export.frozen_model import FrozenDetector, FrozenModel
from export.graphs import read_graph, write_board
from export.originals import Original, detector_model, detector_run, landmark_model, landmark_run
from export.remarks import remarks
from export.request import FreezeRequest
from export.staging import staging
from export.summary import summarise
from infer.detect.own import OwnDetector
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


def run(request: FreezeRequest) -> int:
    """Does what is asked for; the exit code. What cannot be done is one line on stderr."""
    v1.logging.set_verbosity(v1.logging.ERROR)  # TF1 names are the point here: no notes on their age
    try:
        if request.summary:
            return show(request.summary, request.board)
        original = original_of(request)
        return export(original, Export(request.out, request.name or original.name, request.board))
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


def original_of(request: FreezeRequest) -> Original:
    """What is to be exported. Raises ValueError for what its kind of network has no use for."""
    kind = kind_of(request.model) if request.model else RunFolder(request.run).kind_name()
    if kind == DETECTOR_RUNS.name:
        return _detector_of(request)
    if request.decision.given():
        raise ValueError("--threshold, --overlap, --close: found a landmark network, expected a detector")
    how = request.records, formats_of(request.formats), request.terms
    if request.model:
        return landmark_model(FrozenModel(request.model), *how)
    return landmark_run(LandmarkCheckpoint(request.run, request.checkpoint), *how)


def _detector_of(request: FreezeRequest) -> Original:
    if request.records:
        raise ValueError("--records: found a detector, which is compared on the pictures in images/ alone")
    check_close(request)
    how = formats_of(request.formats), request.terms, request.decision
    if request.model:
        model = FrozenDetector(request.model)
        if model.contract.close and not request.decision.close:
            print(f"closer looks: {model.contract.close.name} is left out; convert it first, and name it by --close")
        return detector_model(model, *how)
    checkpoint = DetectorCheckpoint(request.run, request.checkpoint)
    for line in remarks(checkpoint, request):
        print(line)
    return detector_run(checkpoint, *how)


def check_close(request: FreezeRequest) -> None:
    """Raises FileNotFoundError or ValueError where what closer looks are to have is no other detector in the folder, or
    does not run."""
    close = request.decision.close
    if close is None:
        return
    contract = OwnDetector(request.out / close).contract
    # of a.float16.pb too, which goes with the a.json before
    if contract.model.name.partition(".")[0] == (request.name or DETECTOR_RUNS.name):
        raise ValueError(f"--close: found {close}, which is written anew, expected another detector")
    if contract.close:
        raise ValueError(f"--close: found {contract.model}, which names {contract.close.name} itself, expected none")


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
