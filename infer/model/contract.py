"""`landmark.json`, the contract that lies beside a model: what it wants and what it answers. Read and checked here.

Nobody else reads its keys; `export/contract.py` alone writes them.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from . import schema
from .by_hand import complete, is_by_hand

VERSION = 1
LARGEST_CONTRACT, LARGEST_MODEL = 1 << 20, 1 << 30  # bytes
INTERLEAVED, PLANAR = LAYOUTS = ("x0 y0 x1 y1 ...", "x0 x1 ... y0 y1 ...")  # of the answer
FRACTION, PIXEL, SIGNED = UNITS = ("fraction of the crop's side", "pixel of the crop", "-1 to 1")
NCHW, NHWC = INPUT_LAYOUTS = ("NCHW", "NHWC")
ORDERS = {"RGB": 3, "BGR": 3, "GRAY": 1}  # of the channels -> how many


@dataclass(frozen=True)
class Input:
    """What the network is fed.

    size: pixels along an edge; channels: 1 or 3; order: of them, from ORDERS; range: what 0 and 255 become; mean, std:
    then taken off and divided by, one for all channels or one each, in their order; layout: one of INPUT_LAYOUTS;
    batch: most faces at once, None for as many as there are. Raises ValueError for what does not go together.
    """

    name: str
    size: int
    channels: int
    order: str
    range: tuple[float, ...] = (0.0, 255.0)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    layout: str = NCHW
    batch: int | None = None

    def __post_init__(self) -> None:
        if self.channels != ORDERS.get(self.order):
            raise ValueError(f"input is {self.channels} channels {self.order}, expected 3 RGB or BGR, or 1 GRAY")
        if self.size < 8:
            raise ValueError(f"input.size is {self.size}, expected 8 or more")
        _check_one_of("input.layout", self.layout, INPUT_LAYOUTS)
        _check_pair("input.range", self.range)
        for key, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (0, 1, self.channels) or not all(map(math.isfinite, values)):
                wanted = f"one number, or one for each of {self.channels} channels"
                raise ValueError(f"input.{key} is {list(values)}, expected {wanted}")
        if self.range[0] == self.range[1] or 0 in self.std or self.batch is not None and self.batch < 1:
            found = f"range {list(self.range)}, std {list(self.std)}, batch {self.batch}"
            raise ValueError(f"{found}, expected a range that is none of length 0, std other than 0, batch >= 1")


@dataclass(frozen=True)
class Placement:
    """How the square crop lies around a box.

    margin: what it adds on every side, shift: how far it is moved along its x and y axis; fractions of the box's
    longer edge.
    """

    margin: float
    shift: tuple[float, ...] = (0.0, 0.0)


@dataclass(frozen=True)
class Output:
    """The network's answer: its name, layout and unit, from LAYOUTS and UNITS ("pixel of the crop": centres at whole
    numbers, from 0). Raises ValueError for another one."""

    name: str
    layout: str = INTERLEAVED
    unit: str = FRACTION

    def __post_init__(self) -> None:
        _check_one_of("output.layout", self.layout, LAYOUTS)
        _check_one_of("output.unit", self.unit, UNITS)


@dataclass(frozen=True)
class Points:
    """The points that a network answers.

    groups: name -> indices; lines: name -> index chains to draw; left_eye, right_eye: indices whose mean is the eye's
    centre (the subject's left and right); flip: index of each point's mirror partner; names: of the points, their
    numbers where the scheme has none. Raises ValueError for an index without a point, or points without a partner.
    """

    scheme: str
    count: int
    groups: dict[str, list[int]]
    lines: dict[str, list[list[int]]]
    left_eye: list[int]
    right_eye: list[int]
    flip: list[int]
    names: list[str]

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"points.count is {self.count}, expected 1 or more")
        used = [self.left_eye, self.right_eye, *self.groups.values()]
        used += [chain for chains in self.lines.values() for chain in chains]
        if any(index not in range(self.count) for indices in used for index in indices):
            raise ValueError(f"groups, lines or eyes name points outside 0..{self.count - 1}")
        if len(set(self.names)) != self.count:
            raise ValueError(f"found {len(set(self.names))} different names, expected {self.count} points'")
        if sorted(self.flip) != list(range(self.count)):
            raise ValueError(f"flip is no permutation of {self.count} points")


@dataclass(frozen=True)
class SplitRule:
    """How the training data's sources were parted, as `records.split.Split`, which inference has to do without."""

    test_fraction: float
    rule: int


@dataclass(frozen=True)
class TrainedOn:
    """What a network learnt from, as far as its contract says; one by hand says nothing.

    points: their kind, "pts_2d" or "pts_3d"; faces: data set -> split -> how many; step: of the training run; fold:
    "i/k", whose sources were held out in place of the split's.
    """

    points: str | None = None
    faces: dict[str, dict[str, int]] = field(default_factory=dict)
    step: int | None = None
    split: SplitRule | None = None
    fold: str | None = None


@dataclass(frozen=True)
class Contract:
    """What a model wants and answers.

    model: path of the frozen graph or `.onnx` file; sha256: its hash, in hex; crop: around a landmark box; recrop:
    around the box of the points of an earlier pass, for schemes whose points do not span the landmark box; parameters,
    multiply_adds: of one face; network: settings of a network made here; raw: the whole document, to be shown.
    """

    model: Path
    sha256: str
    input: Input
    crop: Placement
    recrop: Placement
    output: Output
    points: Points
    trained_on: TrainedOn
    raw: dict
    parameters: int | None = None
    multiply_adds: int | None = None
    network: dict | None = None
    terms: str | None = None


def read_contract(model: str | Path) -> Contract:
    """The contract of a model: `landmark.json` beside `landmark.pb` (either may be given).

    Of other formats of the same model (`landmark.onnx`, `landmark.pb16.pb`) it holds what differs, in `formats`. One
    for a network of others may be written by hand (`by_hand.py`). Raises FileNotFoundError where model or contract
    is missing, ValueError where the contract lacks something, describes another model, or the model's SHA-256 is not
    the contract's.
    """
    model = Path(model)
    path = _path_of_contract(model)
    if not model.is_file():
        raise FileNotFoundError(f"{model}: no such model")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such contract, expected beside the model {model.name}")
    raw = _document(path)
    try:
        schema.check(raw)
        contract = _contract(_of_format(raw, None if model == path else model.name), path)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    _check_file(contract, path)
    if model not in (path, contract.model):
        raise ValueError(f"{path}: describes {contract.model.name}, expected {model.name}")
    return contract


def _path_of_contract(model: Path) -> Path:
    """`a.json` of `a.pb`; of `a.b.pb` the same where there is no `a.b.json`."""
    path = model.with_suffix(".json")
    short = model.with_name(f"{model.name.partition('.')[0]}.json")
    return short if short.is_file() and not path.is_file() else path


def _document(path: Path) -> dict:
    """The JSON of this version in a file, one by hand completed. Raises ValueError where it is none."""
    raw = _json_in(path)
    if is_by_hand(raw):
        raw = complete(raw, path)
    if not isinstance(raw, dict) or raw.get("version") != VERSION:
        found = raw.get("version") if isinstance(raw, dict) else type(raw).__name__
        raise ValueError(f"{path}: version is {found}, expected {VERSION}")
    return raw


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


def _contract(raw: dict, path: Path) -> Contract:
    """The contract of a document whose form is checked. Raises ValueError for values that do not go together."""
    crop = raw["crop"]
    return Contract(
        path.with_name(raw["file"]),
        raw["sha256"],
        _input(raw["input"]),
        _placement("crop", crop, most=2),
        _placement("crop.points", crop.get("points", {"margin": crop["margin"]}), most=10),
        Output(**_known(raw["output"], "name", "layout", "unit")),
        _points(raw["points"]),
        _trained_on(raw.get("trained_on", {})),
        raw,
        **_known(raw, "parameters", "multiply_adds", "network", "terms"),
    )


def _input(given: dict) -> Input:
    fields = _known(given, "name", "size", "channels", "order", "layout", "batch")
    return Input(**fields | {key: _numbers(value) for key, value in _known(given, "range", "mean", "std").items()})


def _placement(where: str, given: dict, most: float) -> Placement:
    """A crop's placement, its margin under `most`."""
    margin, shift = float(given["margin"]), _numbers(given.get("shift", (0, 0)))
    if not 0 <= margin < most:
        raise ValueError(f"{where}.margin is {margin}, expected 0 or more, under {most}")
    _check_pair(f"{where}.shift", shift)
    return Placement(margin, shift)


def _points(given: dict) -> Points:
    fields = _known(given, "scheme", "count", "groups", "lines", "left_eye", "right_eye", "flip")
    return Points(**fields, names=given.get("names") or [str(index) for index in range(given["count"])])


def _trained_on(given: dict) -> TrainedOn:
    split = SplitRule(**_known(given["split"], "test_fraction", "rule")) if "split" in given else None
    return TrainedOn(**_known(given, "points", "faces", "step", "fold"), split=split)


def _known(given: dict, *keys: str) -> dict:
    """Those of the keys that are there: what is not said keeps its default."""
    return {key: given[key] for key in keys if key in given}


def _numbers(values: float | list[float] | tuple[float, ...]) -> tuple[float, ...]:
    """One number or a list of them."""
    return tuple(float(value) for value in (values if isinstance(values, list | tuple) else [values]))


def _check_one_of(key: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{key} is {json.dumps(value)}, expected one of {', '.join(map(json.dumps, known))}")


def _check_pair(key: str, values: tuple[float, ...]) -> None:
    if len(values) != 2 or not all(map(math.isfinite, values)):
        raise ValueError(f"{key} is {list(values)}, expected two numbers")


def _check_file(contract: Contract, path: Path) -> None:
    """Raises FileNotFoundError or ValueError where the model's file is not the one the contract was written for."""
    if not contract.model.is_file():
        raise FileNotFoundError(f"{contract.model}: no such model, named by {path.name}")
    size = contract.model.stat().st_size
    if not 0 < size <= LARGEST_MODEL:
        raise ValueError(f"{contract.model}: found {size} bytes, expected a model of 1 to {LARGEST_MODEL}")
    digest = hashlib.sha256(contract.model.read_bytes()).hexdigest()
    if digest != contract.sha256:
        expected = f"{contract.sha256[:12]}... of {path.name}"
        raise ValueError(f"{contract.model}: SHA-256 is {digest[:12]}... ({size} bytes), expected {expected}")
