"""`landmark.json`, the contract that lies beside a model: what it wants and what it answers. Read and checked here.

Nobody else reads its keys; `export/contract.py` alone writes them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from ..faces.schemes import FIVE, FIVE_PLACES, HELD, WHOLE_FACE, Means
from . import schema
from .document import read_document
from .schema import NCHW, NHWC
from .spread import Spread
from .trained_on import TrainedOn, known, trained_on_of

INTERLEAVED, PLANAR = LAYOUTS = ("x0 y0 x1 y1 ...", "x0 x1 ... y0 y1 ...")  # of the answer
FRACTION, PIXEL, SIGNED = UNITS = ("fraction of the crop's side", "pixel of the crop", "-1 to 1")
INPUT_LAYOUTS = (NCHW, NHWC)
ORDERS = {"RGB": 3, "BGR": 3, "GRAY": 1}  # of the channels -> how many
FARTHEST = 0.05  # that points may lie aside, fractions of the crop's side


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
    numbers, from 0). offset: how far to the right of their place in the face points lie, as the labels did,
    fractions of the crop's side; a mirrored face's do so too. Raises ValueError for another one, or one over
    FARTHEST."""

    name: str
    layout: str = INTERLEAVED
    unit: str = FRACTION
    offset: float = 0.0

    def __post_init__(self) -> None:
        _check_one_of("output.layout", self.layout, LAYOUTS)
        _check_one_of("output.unit", self.unit, UNITS)
        if not abs(self.offset) <= FARTHEST:
            raise ValueError(f"output.offset is {self.offset}, expected -{FARTHEST} to {FARTHEST}")


@dataclass(frozen=True)
class Points:
    """The points that a network answers.

    groups: name -> indices; lines: name -> index chains to draw; left_eye, right_eye: indices whose mean is the eye's
    centre (the subject's left and right), both empty where no points tell it; flip: index of each point's mirror
    partner, empty where nobody knows; names: of the points, their numbers where the scheme has none. Where the scheme's
    name does not say it: corners, the two whose distance normalises errors; made_of, name of another scheme -> for each
    point those there whose mean it is; makes, the same for each point of the other. Raises ValueError for an index
    without a point, one eye alone, or points without a partner among others that have one.
    """

    scheme: str
    count: int
    groups: dict[str, list[int]]
    lines: dict[str, list[list[int]]]
    left_eye: list[int]
    right_eye: list[int]
    flip: list[int]
    names: list[str]
    corners: list[int] = field(default_factory=list)
    made_of: dict[str, list[list[int]]] = field(default_factory=dict)
    makes: dict[str, list[list[int]]] = field(default_factory=dict)

    @property
    def whole(self) -> Means:
        """For each of the 68 points of a face those here whose mean it is; empty where these do not hold them."""
        return self.makes.get(WHOLE_FACE) or HELD.get(self.scheme, ())

    @property
    def five(self) -> Means:
        """The same for the five places of an aligned face."""
        return self.makes.get(FIVE_PLACES) or FIVE.get(self.scheme, ())

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"points.count is {self.count}, expected 1 or more")
        used = [self.left_eye, self.right_eye, self.corners, *self.groups.values()]
        used += [chain for chains in (*self.lines.values(), *self.makes.values()) for chain in chains]
        if any(index not in range(self.count) for indices in used for index in indices):
            raise ValueError(f"groups, lines, eyes or mappings name points outside 0..{self.count - 1}")
        if len(set(self.names)) != self.count:
            raise ValueError(f"found {len(set(self.names))} different names, expected {self.count} points'")
        if bool(self.left_eye) != bool(self.right_eye):
            raise ValueError(f"left_eye is {self.left_eye}, right_eye {self.right_eye}, expected both or none")
        for name, count in ((WHOLE_FACE, len(HELD[WHOLE_FACE])), (FIVE_PLACES, len(FIVE[FIVE_PLACES]))):
            means = self.makes.get(name)
            if means is not None and (len(means) != count or not all(means)):
                raise ValueError(f"makes.{name} has {len(means)} entries, expected points for each of {count}")
        if self.flip and sorted(self.flip) != list(range(self.count)):
            raise ValueError(f"flip is no permutation of {self.count} points")


@dataclass(frozen=True)
class Contract:
    """What a model wants and answers.

    model: path of the frozen graph or `.onnx` file; sha256: its hash, in hex; crop: around a landmark box; recrop:
    around the box of the points of an earlier pass, for schemes whose points do not span the landmark box; raw: the
    whole document, to be shown; parameters, multiply_adds: of one face; network: settings of a network made here;
    spread: the output that says how sure each point is, None where there is none.
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
    spread: Spread | None = None

    @property
    def tells_errors(self) -> bool:
        """Whether the expected error of each point is known."""
        return self.spread is not None and bool(self.spread.points)


def read_contract(model: str | Path) -> Contract:
    """The contract of a model: `landmark.json` beside `landmark.pb` (either may be given).

    Of other formats of the same model (`landmark.onnx`, `landmark.pb16.pb`) it holds what differs, in `formats`. One
    for a network of others may be written by hand (`by_hand.py`). Raises FileNotFoundError where model or contract
    is missing, ValueError where the contract lacks something, describes another model, or the model's SHA-256 is not
    the contract's.
    """
    return read_document(model, None, schema.CONTRACT, _contract)


def _contract(raw: dict, path: Path) -> Contract:
    """The contract of a document whose form is checked. Raises ValueError for values that do not go together."""
    crop = raw["crop"]
    return Contract(
        path.with_name(raw["file"]),
        raw["sha256"],
        _input(raw["input"]),
        _placement("crop", crop, most=2),
        _placement("crop.points", crop.get("points", {"margin": crop["margin"]}), most=10),
        Output(**known(raw["output"], "name", "layout", "unit", "offset")),
        _points(raw["points"]),
        trained_on_of(raw.get("trained_on", {})),
        raw,
        **known(raw, "parameters", "multiply_adds", "network", "terms"),
        spread=_spread(raw["spread"], raw["points"]["count"]) if "spread" in raw else None,
    )


def _input(given: dict) -> Input:
    fields = known(given, "name", "size", "channels", "order", "layout", "batch")
    return Input(**fields | {key: _numbers(value) for key, value in known(given, "range", "mean", "std").items()})


def _placement(where: str, given: dict, most: float) -> Placement:
    """A crop's placement, its margin under `most`."""
    margin, shift = float(given["margin"]), _numbers(given.get("shift", (0, 0)))
    if not 0 <= margin < most:
        raise ValueError(f"{where}.margin is {margin}, expected 0 or more, under {most}")
    _check_pair(f"{where}.shift", shift)
    return Placement(margin, shift)


def _points(given: dict) -> Points:
    places = ("scheme", "count", "groups", "lines", "left_eye", "right_eye", "flip", "corners", "made_of", "makes")
    fields = known(given, *places)
    return Points(**fields, names=given.get("names") or [str(index) for index in range(given["count"])])


def _spread(given: dict, count: int) -> Spread:
    """What is said of the output beside the points, of which there are so many."""
    _check_one_of("spread.unit", given["unit"], (FRACTION,))
    curve, points = given.get("curve", {"spread": [], "error": []}), given.get("points", [])
    if points and len(points) != count:
        raise ValueError(f"spread.points has {len(points)} factors, expected {count}, one for each point")
    return Spread(given["name"], _numbers(curve["spread"]), _numbers(curve["error"]), _numbers(points))


def _numbers(values: float | list[float] | tuple[float, ...]) -> tuple[float, ...]:
    """One number or a list of them."""
    return tuple(float(value) for value in (values if isinstance(values, list | tuple) else [values]))


def _check_one_of(key: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{key} is {json.dumps(value)}, expected one of {', '.join(map(json.dumps, known))}")


def _check_pair(key: str, values: tuple[float, ...]) -> None:
    if len(values) != 2 or not all(map(math.isfinite, values)):
        raise ValueError(f"{key} is {list(values)}, expected two numbers")
