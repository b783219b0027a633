"""Writes `landmark.json`, all that inference has to know of a model, and that its user may want to."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict
from pathlib import Path

from export.checkpoint import Run
from export.formats import MODEL, Format
from export.parity import COMPARED, Difference, Reference
from export.summary import Summary
from infer.files.atomic import write_text_atomically
from infer.model.contract import FRACTION, INTERLEAVED, NCHW, NHWC, VERSION
from net.model.senet import INPUT, OUTPUT


def entry_of(file: Path, form: Format, differences: dict[str, Difference], truth: Reference) -> dict:
    """What the contract says of one file: name, SHA-256, size, how OpenCV is to be fed, and the proof."""
    limit = {"max": form.limit} if form.limit is not None else {"nme_change": form.rise}
    return {
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "layout": NCHW if file.suffix == ".pb" else NHWC,
        "tolerance": {
            "limit": limit,
            "unit": FRACTION,
            "faces": min(COMPARED, len(truth.images)),
            "nme_faces": truth.judged,
            **{runtime: _known(asdict(difference)) for runtime, difference in differences.items()},
        },
    }


def write_contract(
    folder: Path,
    run: Run,
    entries: dict[str, dict],
    summary: Summary,
    terms: str,
    model: str = MODEL,
    around: dict | None = None,
) -> None:
    """Writes the contract, `MODEL.json`, beside the files that `entries` (format -> entry) describe; the first is the
    main one. around: how the crop lies around points found before (`crop_around`); None: as around a landmark box."""
    main, entry = next(iter(entries.items()))
    contract = {
        "version": VERSION,
        "file": entry["file"],
        "sha256": entry["sha256"],
        "format": main,
        "input": _input(run, entry["layout"]),
        "crop": _crop(run) | ({"points": around} if around else {}),
        "output": {"name": OUTPUT, "layout": INTERLEAVED, "unit": FRACTION},
        "points": _points(run),
        "tolerance": entry["tolerance"],
        "formats": entries,
        "parameters": summary.parameters,
        "multiply_adds": summary.multiply_adds,
        "network": run.shape.settings(),
        "trained_on": {
            "points": run.settings["records"]["points"],
            "faces": run.settings["records"]["subsets"],
            "step": run.step,
        },
        "terms": terms,
    }
    _write(folder, model, contract)


def write_converted(folder: Path, contract: dict, entries: dict[str, dict], terms: str | None, model: str) -> None:
    """Writes the contract of a converted model, `MODEL.json`: that of the original, but for the files it speaks of.

    terms: in place of the original's; None: those.
    """
    main, entry = next(iter(entries.items()))
    given = {key: value for key, value in contract["input"].items() if key != "layout"}
    new = {
        "file": entry["file"],
        "sha256": entry["sha256"],
        "format": main,
        "input": given | _said(entry["layout"]),
        "tolerance": entry["tolerance"],
        "formats": entries,
    }
    _write(folder, model, contract | new | ({"terms": terms} if terms is not None else {}))


def _write(folder: Path, model: str, contract: dict) -> None:
    write_text_atomically(folder / f"{model}.json", readable(contract) + "\n")


def readable(contract: dict) -> str:
    """The contract as JSON, a list of numbers on one line."""
    text = json.dumps(contract, indent=1)
    return re.sub(r"\[\s+(\d[\d\s,]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)


def _known(numbers: dict[str, float]) -> dict[str, float | None]:
    """The numbers, null for one that is not known: JSON has no other word for it."""
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def _input(run: Run, layout: str) -> dict:
    """The picture that callers feed."""
    colours = {"channels": run.shape.planes, "order": "GRAY" if run.shape.planes == 1 else "RGB"}
    return {"name": INPUT, "size": run.shape.size, **colours, "range": [0, 255], **_said(layout)}


def _said(layout: str) -> dict:
    """The layout, where it is not the one that OpenCV makes of a frozen graph."""
    return {} if layout == NCHW else {"layout": layout}


def _crop(run: Run) -> dict:
    return {
        "shape": "square around the landmark box",
        "margin": run.settings["records"]["margin"],
        "margin_unit": "the box's longer edge",
        "fill": 0,
    }


def _points(run: Run) -> dict:
    scheme = run.scheme
    return {
        "scheme": scheme.name,
        "count": scheme.count,
        "groups": scheme.groups,
        "lines": scheme.lines,
        "left_eye": scheme.left_eye,
        "right_eye": scheme.right_eye,
        "flip": scheme.flip,
        **({"names": scheme.names} if scheme.names else {}),
    }
