"""Writes `landmark.json` and `detector.json`, all that inference has to know of a model, and that its user may want to.

Its keys are known here and in `infer/model/`, which reads them, and nowhere else.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from export.acceptance import AcceptedFile
from export.checkpoint import Checkpoint, DetectorCheckpoint, LandmarkCheckpoint
from export.networks import CELLS
from export.parity import Difference
from export.summary import Summary
from infer.faces.schemes import FIVE_PLACES, WHOLE_FACE
from infer.geometry.levels import FIELDS
from infer.model.contract import FRACTION, INTERLEAVED, NCHW, NHWC, Placement
from infer.model.detector_contract import KIND
from infer.model.document import VERSION
from net.detector.shape import LEVELS, MULTIPLE
from net.model.senet import INPUT, OUTPUT, SPREAD
from records.landmarks import SCHEMES, Scheme, mapping, told

SAID_OF_SPREAD = {"name": SPREAD, "unit": FRACTION}  # until it is calibrated


def contract_of_checkpoint(
    checkpoint: LandmarkCheckpoint,
    files: Sequence[AcceptedFile],
    summary: Summary,
    terms: str,
    recrop: Placement | None,
) -> dict:
    """The contract of a network frozen from a checkpoint; of its files the first is the main one.

    recrop: how the crop lies around points found before (`recrop.py`); None: as around a landmark box.
    """
    return {
        "version": VERSION,
        **_of_files(files, _input(checkpoint)),
        "crop": _crop(checkpoint, recrop),
        "output": {"name": OUTPUT, "layout": INTERLEAVED, "unit": FRACTION, **_offset(checkpoint)},
        **({} if checkpoint.shape.head == "dense" else {"spread": SAID_OF_SPREAD}),
        "points": _points(checkpoint.scheme),
        **_of_network(checkpoint, summary, terms),
    }


def contract_of_detector(
    checkpoint: DetectorCheckpoint,
    files: Sequence[AcceptedFile],
    summary: Summary,
    terms: str,
    decision: Mapping[str, float | str],
) -> dict:
    """The contract of a detector frozen from a checkpoint; of its files the first is the main one."""
    colours = {"channels": 3, "order": "RGB", "range": [0, 255]}
    return {
        "version": VERSION,
        "kind": KIND,
        **_of_files(files, {"name": CELLS.input, **colours, "multiple": MULTIPLE}),
        "outputs": [asdict(level) for level in LEVELS],
        "fields": FIELDS,
        **decision,
        **_of_network(checkpoint, summary, terms),
    }


def contract_of_conversion(original: dict, files: Sequence[AcceptedFile], terms: str | None) -> dict:
    """The contract of a converted model: the original's, as JSON has it, but for the files it speaks of.

    terms: in place of the original's; None: those.
    """
    given = {key: value for key, value in original["input"].items() if key != "layout"}
    return original | _of_files(files, given) | ({"terms": terms} if terms is not None else {})


def told_of_spread(original: dict, summary: Summary) -> dict:
    """The contract of a model to whose graph its spread was added, as the summary has it."""
    return original | {"spread": SAID_OF_SPREAD} | _counts(summary)


def _of_files(files: Sequence[AcceptedFile], given: dict) -> dict:
    """What a contract says of files: the main one, how it is fed (given: in whatever format), and the proof."""
    main, *_ = entries = [_entry(file) for file in files]
    return {
        "file": main["file"],
        "sha256": main["sha256"],
        "format": files[0].form.name,
        "input": given | _said(main["layout"]),
        "tolerance": main["tolerance"],
        "formats": {file.form.name: entry for file, entry in zip(files, entries, strict=True)},
    }


def _of_network(checkpoint: Checkpoint, summary: Summary, terms: str) -> dict:
    """What a contract says of the network: how large it is, what it has learnt from, and what may be done with it."""
    return {
        **_counts(summary),
        "network": checkpoint.shape.settings(),
        "trained_on": _trained_on(checkpoint),
        "terms": terms,
    }


def _counts(summary: Summary) -> dict[str, int]:
    return {"parameters": summary.parameters, "multiply_adds": summary.multiply_adds}


def _entry(file: AcceptedFile) -> dict:
    """What the contract says of one file: name, SHA-256, size, how OpenCV is to be fed, and the proof."""
    return {
        "file": file.path.name,
        "sha256": hashlib.sha256(file.path.read_bytes()).hexdigest(),
        "bytes": file.path.stat().st_size,
        "layout": NCHW if file.path.suffix == ".pb" else NHWC,
        "tolerance": {
            "limit": _limits(file),
            "unit": file.unit,
            **file.compared,
            **{runtime: _known(difference) for runtime, difference in file.differences.items()},
        },
    }


def _limits(file: AcceptedFile) -> dict[str, float | None]:
    """The limits that count for a file: of its spread where it answers one."""
    form = file.form
    limits = {"max": form.limit} if form.limit is not None else {"nme_change": form.rise}
    spreads = any(found.spread is not None for found in file.differences.values())
    return limits | ({"spread": form.spread} if spreads else {})


def _known(difference: Difference) -> dict[str, float | None]:
    """The numbers that were measured, null for one that is not known: JSON has no other word for it."""
    measured = {name: value for name, value in asdict(difference).items() if value is not None}
    return {name: value if math.isfinite(value) else None for name, value in measured.items()}


def _offset(checkpoint: LandmarkCheckpoint) -> dict[str, float]:
    """How far aside the points lie that the network answers, where they do."""
    offset = checkpoint.shape.label_offset
    return {"offset": offset} if offset else {}


def _input(checkpoint: LandmarkCheckpoint) -> dict:
    """The picture that callers feed, whatever the format."""
    shape = checkpoint.shape
    colours = {"channels": shape.planes, "order": "GRAY" if shape.planes == 1 else "RGB"}
    return {"name": INPUT, "size": shape.size, **colours, "range": [0, 255]}


def _said(layout: str) -> dict:
    """The layout, where it is not the one that OpenCV makes of a frozen graph."""
    return {} if layout == NCHW else {"layout": layout}


def _crop(checkpoint: LandmarkCheckpoint, recrop: Placement | None) -> dict:
    crop = {
        "shape": "square around the landmark box",
        "margin": checkpoint.settings.records.margin,
        "margin_unit": "the box's longer edge",
        "fill": 0,
    }
    return crop | ({"points": {"margin": recrop.margin, "shift": list(recrop.shift)}} if recrop else {})


def _points(scheme: Scheme) -> dict:
    """What a contract says of points; of a scheme that did not come along also what its name does not say."""
    return {
        "scheme": scheme.name,
        "count": scheme.count,
        "groups": scheme.groups,
        "lines": scheme.lines,
        "left_eye": scheme.left_eye,
        "right_eye": scheme.right_eye,
        "flip": scheme.flip,
        **({"names": scheme.names} if scheme.names else {}),
        **({} if scheme.name in SCHEMES else _unsaid(scheme)),
    }


def _unsaid(scheme: Scheme) -> dict:
    """What normalises errors, what the points are made of, and what they make: pose and aligned faces go by that."""
    own = isinstance(told(scheme), dict)
    makes = {name: mapping(scheme, SCHEMES[name]) for name in (WHOLE_FACE, FIVE_PLACES)} | scheme.makes
    said = {
        "corners": scheme.corners if own else (),
        "made_of": scheme.made_of,
        "makes": {name: means for name, means in makes.items() if means},
    }
    return {key: value for key, value in said.items() if value}


def _trained_on(checkpoint: Checkpoint) -> dict:
    """What the network has seen; a run from before its split was kept does not say how its sources were parted."""
    settings, records = checkpoint.settings, checkpoint.settings.records
    return {
        "points": records.points,
        "faces": records.subsets,
        "step": checkpoint.step,
        **({"split": asdict(settings.split)} if settings.split else {}),
        **({"fold": str(settings.selection.fold)} if settings.selection.fold else {}),
    }
