"""`landmark.json`, the contract that lies beside a model: what it wants and what it answers. Read and checked here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

VERSION = 1


@dataclass(frozen=True)
class Contract:
    """What a model wants and answers.

    model: path of the frozen graph; input_name, size (pixels), channels (1 or 3), order ("RGB", "BGR" or "GRAY");
    margin: what the crop adds on every side, as a fraction of the landmark box's longer edge; output_name; the points'
    scheme and count; groups: name -> indices; lines: name -> index chains to draw; left_eye, right_eye: indices
    whose mean is the eye's centre (the subject's left and right); flip: index of each point's mirror partner.
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


def read_contract(model: str | Path) -> Contract:
    """The contract of a model: `landmark.json` beside `landmark.pb` (either may be given).

    Raises FileNotFoundError where model or contract is missing, ValueError where the contract lacks something or the
    model's SHA-256 is not the contract's.
    """
    path = Path(model).with_suffix(".json")
    if not Path(model).is_file():
        raise FileNotFoundError(f"{model}: no such model")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such contract, expected beside the model {Path(model).name}")
    contract = _parse(path)
    digest, expected = hashlib.sha256(contract.model.read_bytes()).hexdigest(), contract.raw["sha256"]
    if digest != expected:
        raise ValueError(f"{contract.model}: SHA-256 is {digest[:12]}..., expected {expected[:12]}... of {path.name}")
    return contract


def _parse(path: Path) -> Contract:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not JSON ({error}), expected a model's contract") from None
    if not isinstance(raw, dict) or raw.get("version") != VERSION:
        found = raw.get("version") if isinstance(raw, dict) else type(raw).__name__
        raise ValueError(f"{path}: version is {found}, expected {VERSION}")
    try:
        model = path.with_name(Path(raw["file"]).name)
        given, points = raw["input"], raw["points"]
        contract = Contract(
            model,
            given["name"],
            int(given["size"]),
            int(given["channels"]),
            given["order"],
            float(raw["crop"]["margin"]),
            raw["output"]["name"],
            points["scheme"],
            int(points["count"]),
            points["groups"],
            points["lines"],
            points["left_eye"],
            points["right_eye"],
            points["flip"],
            raw | {"sha256": str(raw["sha256"])},
        )
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{path}: lacks or misspells {error}, expected the keys of a version {VERSION} contract"
        ) from None
    _check(path, contract)
    return contract


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
    if sorted(contract.flip) != list(range(contract.count)):
        raise ValueError(f"{path}: flip is no permutation of {contract.count} points")
