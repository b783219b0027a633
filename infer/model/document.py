"""What all contracts have in common: a JSON document beside a model, of one version and kind, with the file's hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from . import schema
from .by_hand import complete, is_by_hand

VERSION = 1
LANDMARKS = "a landmark model"
LARGEST_CONTRACT, LARGEST_MODEL = 1 << 20, 1 << 30  # bytes


class Contracted(Protocol):
    """A contract, as far as every kind has it: the model's path and its hash, in hex."""

    @property
    def model(self) -> Path:
        """Path of the model's file."""

    @property
    def sha256(self) -> str:
        """Its SHA-256."""


Contract = TypeVar("Contract", bound=Contracted)


def read_document(
    model: str | Path, kind: str | None, form: dict[str, schema.Form], parse: Callable[[dict, Path], Contract]
) -> Contract:
    """What `parse` makes of the contract of a model: of the document, and the contract's path, for errors and places.

    model: its path or that of its contract `.json`; kind: of model, None for landmarks; form: of the document. Of
    other formats of the same model (`landmark.onnx`, `landmark.pb16.pb`) the document has the hash and layout that
    stand in `formats`. Raises FileNotFoundError where model or contract is missing, ValueError where `parse` raises
    it, where the contract is of another form, kind or model, or the model's SHA-256 is not the contract's.
    """
    model = Path(model)
    path = _path_of_contract(model)
    raw = _document(path, kind)
    try:
        schema.check(raw, form)
        contract = parse(raw if model == path else _of_format(raw, model.name), path)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    _check_file(contract, path)
    if model not in (path, contract.model):
        raise ValueError(f"{path}: describes {contract.model.name}, expected {model.name}")
    return contract


def kind_of(model: str | Path) -> str | None:
    """The kind that the contract of a model names, None for landmarks, without a look at the rest of it.

    Raises FileNotFoundError where model or contract is missing, ValueError where the contract is no JSON.
    """
    raw = _json_in(_path_of_contract(Path(model)))
    return raw.get("kind") if isinstance(raw, dict) else None


def _path_of_contract(model: Path) -> Path:
    """`a.json` of `a.pb`; of `a.b.pb` the same where there is no `a.b.json`.

    Raises FileNotFoundError where model or contract is missing.
    """
    if not model.is_file():
        raise FileNotFoundError(f"{model}: no such model")
    path = model.with_suffix(".json")
    short = model.with_name(f"{model.name.partition('.')[0]}.json")
    path = short if short.is_file() and not path.is_file() else path
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such contract, expected beside the model {model.name}")
    return path


def _document(path: Path, kind: str | None) -> dict:
    """The JSON of this version and kind in a file, one by hand completed. Raises ValueError where it is none."""
    raw = _json_in(path)
    if is_by_hand(raw) and kind is None:
        raw = complete(raw, path)
    if not isinstance(raw, dict) or raw.get("version") != VERSION:
        found = raw.get("version") if isinstance(raw, dict) else type(raw).__name__
        raise ValueError(f"{path}: version is {found}, expected {VERSION}")
    if raw.get("kind") != kind:
        raise ValueError(f"{path}: found a contract of {_named(raw.get('kind'))}, expected one of {_named(kind)}")
    return raw


def _named(kind: object) -> str:
    return LANDMARKS if kind is None else f"kind {str(kind)[:40]!r}"


def _json_in(path: Path) -> object:
    size = path.stat().st_size
    if size > LARGEST_CONTRACT:
        raise ValueError(f"{path}: found {size} bytes, expected a contract of at most {LARGEST_CONTRACT}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # lists in lists without end
        raise ValueError(f"{path}: not JSON ({error}), expected a model's contract") from None


def _of_format(raw: dict, name: str) -> dict:
    """The contract with the hash and the layout of the file of that name, where `formats` has it."""
    entry = next((one for one in raw.get("formats", {}).values() if one["file"] == name), None)
    if entry is None:
        return raw
    given = raw["input"] | {"layout": entry.get("layout", schema.NCHW)}
    return raw | {"file": name, "sha256": entry["sha256"], "input": given}


def _check_file(contract: Contracted, path: Path) -> None:
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
