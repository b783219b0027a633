"""`landmark.json`, the contract that lies beside a model: what it wants and what it answers. Read and checked here."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from . import schema
from .handwritten import complete, is_handwritten

VERSION = 1
LARGEST_CONTRACT, LARGEST_MODEL = 1 << 20, 1 << 30  # bytes
INTERLEAVED, PLANAR = LAYOUTS = ("x0 y0 x1 y1 ...", "x0 x1 ... y0 y1 ...")  # of the answer
FRACTION, PIXEL, SIGNED = UNITS = ("fraction of the crop's side", "pixel of the crop", "-1 to 1")
NCHW, NHWC = INPUT_LAYOUTS = ("NCHW", "NHWC")


@dataclass(frozen=True)
class Contract:
    """What a model wants and answers.

    model: path of the frozen graph or `.onnx` file; input_name, size (pixels), channels (1 or 3), order ("RGB", "BGR"
    or "GRAY"); margin: what the crop adds on every side, as a fraction of the landmark box's longer edge; output_name;
    the points' scheme and count; groups: name -> indices; lines: name -> index chains to draw; left_eye, right_eye:
    indices whose mean is the eye's centre (the subject's left and right); flip: index of each point's mirror partner;
    names: of the points, their numbers where the scheme has none. points_margin, points_shift: as margin and shift, but
    of the box tight around the points of an earlier pass, for schemes whose points do not span the landmark box.

    What networks of others may want besides; the defaults are those of ours. range: what 0 and 255 become; mean, std:
    then taken off and divided by, one for all channels or one each, in their order; input_layout: one of
    INPUT_LAYOUTS; batch: most faces at once, None for as many as there are; shift: the crop moved so far along its x
    and y axis, fractions of the box's longer edge; layout, unit: of the answer, from LAYOUTS and UNITS ("pixel of the
    crop": centres at whole numbers, from 0).
    """

    model: Path
    input_name: str
    size: int
    channels: int
    order: str
    margin: float
    output_name: str
    scheme: str
    count: int
    groups: dict[str, list[int]]
    lines: dict[str, list[list[int]]]
    left_eye: list[int]
    right_eye: list[int]
    flip: list[int]
    raw: dict
    range: tuple[float, float] = (0.0, 255.0)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    input_layout: str = NCHW
    batch: int | None = None
    shift: tuple[float, float] = (0.0, 0.0)
    layout: str = INTERLEAVED
    unit: str = FRACTION
    names: list[str] = field(default_factory=list)
    points_margin: float = 0.0
    points_shift: tuple[float, float] = (0.0, 0.0)


def read_contract(model: str | Path) -> Contract:
    """The contract of a model: `landmark.json` beside `landmark.pb` (either may be given).

    Of other formats of the same model (`landmark.onnx`, `landmark.pb16.pb`) it holds what differs, in `formats`. One
    for a network of others may be written by hand (`handwritten.py`). Raises FileNotFoundError where model or contract
    is missing, ValueError where the contract lacks something, describes another model, or the model's SHA-256 is not
    the contract's.
    """
    model = Path(model)
    path = _path_of_contract(model)
    if not model.is_file():
        raise FileNotFoundError(f"{model}: no such model")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such contract, expected beside the model {model.name}")
    contract = _parse(path, None if model == path else model.name)
    if model not in (path, contract.model):
        raise ValueError(f"{path}: describes {contract.model.name}, expected {model.name}")
    _check_file(contract, path)
    return contract


def _check_file(contract: Contract, path: Path) -> None:
    """Raises ValueError where the model's file is not the one that the contract was written for."""
    size = contract.model.stat().st_size
    if not 0 < size <= LARGEST_MODEL:
        raise ValueError(f"{contract.model}: found {size} bytes, expected a model of 1 to {LARGEST_MODEL}")
    digest, expected = hashlib.sha256(contract.model.read_bytes()).hexdigest(), contract.raw["sha256"]
    if digest != expected:
        raise ValueError(
            f"{contract.model}: SHA-256 is {digest[:12]}... ({size} bytes), expected {expected[:12]}... of {path.name}"
        )


def _path_of_contract(model: Path) -> Path:
    """`a.json` of `a.pb`; of `a.b.pb` the same where there is no `a.b.json`."""
    path = model.with_suffix(".json")
    short = model.with_name(f"{model.name.partition('.')[0]}.json")
    return short if short.is_file() and not path.is_file() else path


def _parse(path: Path, name: str | None = None) -> Contract:
    """The contract in a file, as it is for the model's file of that name; None for the main one."""
    raw = _json_in(path)
    if is_handwritten(raw):
        raw = complete(raw, path)
    if not isinstance(raw, dict) or raw.get("version") != VERSION:
        found = raw.get("version") if isinstance(raw, dict) else type(raw).__name__
        raise ValueError(f"{path}: version is {found}, expected {VERSION}")
    try:
        schema.check(raw)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    raw = _of_format(raw, name)
    given, points = raw["input"], raw["points"]
    contract = Contract(
        path.with_name(raw["file"]),
        given["name"],
        given["size"],
        given["channels"],
        given["order"],
        float(raw["crop"]["margin"]),
        raw["output"]["name"],
        points["scheme"],
        points["count"],
        points["groups"],
        points["lines"],
        points["left_eye"],
        points["right_eye"],
        points["flip"],
        raw,
        **_conversions(raw),
    )
    _check(path, contract)
    return contract


def _json_in(path: Path) -> object:
    size = path.stat().st_size
    if size > LARGEST_CONTRACT:
        raise ValueError(f"{path}: found {size} bytes, expected a contract of at most {LARGEST_CONTRACT}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # lists in lists without end
        raise ValueError(f"{path}: not JSON ({error}), expected a model's contract") from None


def _of_format(raw: dict, name: str | None) -> dict:
    """The contract with the hash and the layout of the file of that name, where `formats` has it."""
    entry = next((one for one in raw.get("formats", {}).values() if one["file"] == name), None)
    if entry is None:
        return raw
    given = raw["input"] | {"layout": entry.get("layout", NCHW)}
    return raw | {"file": name, "sha256": entry["sha256"], "input": given}


def _conversions(raw: dict) -> dict:
    """What stands between the crop and the network, and between its answer and the points, where the contract says."""
    given, crop, output, points = raw["input"], raw["crop"], raw["output"], raw["points"]
    around = crop.get("points", {"margin": crop["margin"], "shift": (0, 0)})
    return {
        "names": points.get("names") or [str(index) for index in range(points["count"])],
        "points_margin": float(around["margin"]),
        "points_shift": _numbers(around["shift"]),
        "range": _numbers(given.get("range", (0, 255))),
        "mean": _numbers(given.get("mean", ())),
        "std": _numbers(given.get("std", ())),
        "input_layout": given.get("layout", NCHW),
        "batch": given.get("batch"),
        "shift": _numbers(crop.get("shift", (0, 0))),
        "layout": output.get("layout", INTERLEAVED),
        "unit": output.get("unit", FRACTION),
    }


def _numbers(values) -> tuple[float, ...]:
    """One number or a list of them."""
    return tuple(float(value) for value in (values if isinstance(values, list | tuple) else [values]))


def _check_conversions(path: Path, contract: Contract) -> None:
    """Raises ValueError for a scaling, layout or unit that there is not."""
    for key, value, known in (
        ("input.layout", contract.input_layout, INPUT_LAYOUTS),
        ("output.layout", contract.layout, LAYOUTS),
        ("output.unit", contract.unit, UNITS),
    ):
        if value not in known:
            raise ValueError(
                f"{path}: {key} is {json.dumps(value)}, expected one of {', '.join(map(json.dumps, known))}"
            )
    counts = (0, 1, contract.channels)
    for key, values, lengths in (
        ("input.range", contract.range, (2,)),
        ("crop.shift", contract.shift, (2,)),
        ("crop.points.shift", contract.points_shift, (2,)),
        ("input.mean", contract.mean, counts),
        ("input.std", contract.std, counts),
    ):
        if len(values) not in lengths or not all(math.isfinite(value) for value in values):
            wanted = (
                "two numbers" if lengths == (2,) else f"one number, or one for each of {contract.channels} channels"
            )
            raise ValueError(f"{path}: {key} is {list(values)}, expected {wanted}")
    if (
        contract.range[0] == contract.range[1]
        or 0 in contract.std
        or (contract.batch is not None and contract.batch < 1)
    ):
        raise ValueError(
            f"{path}: range {list(contract.range)}, std {list(contract.std)}, batch {contract.batch}, "
            "expected a range that is none of length 0, std other than 0, batch >= 1"
        )


def _check(path: Path, contract: Contract) -> None:
    if not contract.model.is_file():
        raise FileNotFoundError(f"{contract.model}: no such model, named by {path.name}")
    if contract.order not in ("RGB", "BGR", "GRAY") or contract.channels != (1 if contract.order == "GRAY" else 3):
        raise ValueError(
            f"{path}: input is {contract.channels} channels {contract.order}, expected 3 RGB or BGR, or 1 GRAY"
        )
    if contract.size < 8 or contract.count < 1 or not 0 <= contract.margin < 2:
        raise ValueError(
            f"{path}: size {contract.size}, count {contract.count}, margin {contract.margin}, "
            f"expected size >= 8, count >= 1, margin in [0, 2)"
        )
    used = [contract.left_eye, contract.right_eye, *contract.groups.values()]
    used += [chain for chains in contract.lines.values() for chain in chains]
    if any(index not in range(contract.count) for indices in used for index in indices):
        raise ValueError(f"{path}: groups, lines or eyes name points outside 0..{contract.count - 1}")
    if len(set(contract.names)) != contract.count:
        raise ValueError(f"{path}: found {len(set(contract.names))} different names, expected {contract.count} points'")
    if not 0 <= contract.points_margin < 10:
        raise ValueError(f"{path}: crop.points.margin is {contract.points_margin}, expected 0 or more, under 10")
    if sorted(contract.flip) != list(range(contract.count)):
        raise ValueError(f"{path}: flip is no permutation of {contract.count} points")
    _check_conversions(path, contract)
