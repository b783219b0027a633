"""Contracts that a user writes by hand for a network not made here: defaults for all that may be left out.

Such a `<model>.json` says `"by_hand": true` and, at the least, the size of the network's input:

    {"by_hand": true, "input": {"size": 112, "range": [0, 1]}, "crop": {"margin": 0.1}}
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, TypeGuard

MARK = "by_hand"
MARGIN = 0.15  # as the shipped model has it
SUFFIXES = (".pb", ".onnx")
KEYS = {
    "": (
        MARK,
        "version",
        "file",
        "sha256",
        "input",
        "crop",
        "output",
        "points",
        "parameters",
        "multiply_adds",
        "terms",
    ),
    "input": ("name", "size", "channels", "order", "layout", "range", "mean", "std", "batch"),
    "crop": ("margin", "shift", "points"),
    "output": ("name", "layout", "unit", "offset"),
    "points": (
        "scheme",
        "count",
        "groups",
        "lines",
        "left_eye",
        "right_eye",
        "flip",
        "names",
        "corners",
        "made_of",
        "makes",
    ),
}


def is_by_hand(raw: object) -> TypeGuard[dict[str, Any]]:
    """Whether the JSON is a contract written by hand."""
    return isinstance(raw, dict) and raw.get(MARK) is True


def complete(raw: dict, path: Path) -> dict:
    """The contract with every key that inference reads; what the user wrote stays.

    raw: the parsed JSON of `path`. Left out, `file` is the one model of the same stem; names are the network's own; the
    picture is RGB 0..255, one face at a time; points are the shipped model's 68. Raises FileNotFoundError where
    there is no model, ValueError for a key that means nothing, for it is a misspelt one.
    """
    _refuse_unknown(raw, path)
    given = raw.get("input", {})
    model = path.with_name(Path(str(raw["file"])).name) if raw.get("file") else _beside(path)
    if not model.is_file():
        raise FileNotFoundError(f"{model}: no such model, named by {path.name}")
    names = {"name": "", "order": "RGB", "channels": 1 if given.get("order") == "GRAY" else 3, "batch": 1}
    return {
        "version": 1,
        "file": model.name,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        **raw,
        "input": names | given,
        "crop": {"margin": MARGIN} | raw.get("crop", {}),
        "output": {"name": ""} | raw.get("output", {}),
        "points": raw["points"] if "points" in raw else _shipped_points(),
    }


def _refuse_unknown(raw: dict, path: Path) -> None:
    for place, known in KEYS.items():
        part = raw.get(place, {}) if place else raw
        if not isinstance(part, dict):
            raise ValueError(f"{path}: {place} is a {type(part).__name__}, expected an object")
        unknown = [key for key in part if key not in known]
        if unknown:
            where = f"{place}.{unknown[0]}" if place else unknown[0]
            raise ValueError(f"{path}: found {where}, expected of {place or 'a contract'} only {', '.join(known)}")


def _beside(path: Path) -> Path:
    """The one model of the contract's stem."""
    found = [path.with_suffix(suffix) for suffix in SUFFIXES if path.with_suffix(suffix).is_file()]
    if len(found) != 1:
        names = " and ".join(model.name for model in found) or "no model"
        raise FileNotFoundError(
            f"{path}: found {names} beside it, expected one {path.stem}.pb or {path.stem}.onnx, or file"
        )
    return found[0]


def _shipped_points() -> dict:
    """Order, groups and lines of the 68 points, as the shipped model's contract has them."""
    shipped = Path(__file__).resolve().parents[1] / "landmark.json"
    if not shipped.is_file():
        raise FileNotFoundError(f"{shipped}: no such contract, expected the shipped one, or points in the one by hand")
    return json.loads(shipped.read_text(encoding="utf-8"))["points"]
