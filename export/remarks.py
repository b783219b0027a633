"""What is said of a detector's export where something that users may count on is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from export.checkpoint import DetectorCheckpoint
from export.decision import THRESHOLD, usable
from export.request import FreezeRequest
from infer.model.detector_contract import read_detector_contract
from net.detector.kind import DETECTOR_RUNS
from net.run.folder import RunFolder


def remarks(checkpoint: DetectorCheckpoint, request: FreezeRequest) -> Iterator[str]:
    """Lines, one for each thing that is missing."""
    asked = request.decision
    if asked.threshold is None and usable(checkpoint.measured_threshold()) is None:
        why = f"for training measured none for the weights of {checkpoint.said}"
        yield f"threshold: {THRESHOLD}, {why}; --threshold takes another"
    close = None if asked.close else close_of_start(checkpoint.run)
    if close and close.name.partition(".")[0] != (request.name or DETECTOR_RUNS.name):  # it is not itself that one
        lost = f"found no --close: this detector takes them itself, and finds fewer small faces than with {close}"
        wanted = f"which its start names; put that with its .json into {request.out}, and add --close {close.name}"
        yield f"closer looks: {lost}, {wanted}"


def close_of_start(run: RunFolder) -> Path | None:
    """The network for closer looks of the model that a run, or the runs before it, began with; None where that names
    none, cannot be read any more, or there is none."""
    seen: set[Path] = set()  # runs that were overwritten may have begun with each other
    start: Path | None = run.path
    with contextlib.suppress(OSError, ValueError):
        while start and start not in seen and (here := RunFolder(start)).holds_run:
            seen.add(start)
            init = here.settings_as(DETECTOR_RUNS).options.get("init")
            start = Path(init) if init else None
        return read_detector_contract(start).close if start and start.is_file() else None
    return None
