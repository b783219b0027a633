"""A contract's file: written, as people read it, and asked which files it is of."""

from __future__ import annotations

import json
import re
from pathlib import Path

from infer.files.atomic import write_text_atomically


def write_contract(path: Path, contract: dict) -> None:
    """Writes a contract to a file, whole or not at all."""
    write_text_atomically(path, readable(contract) + "\n")


def readable(contract: dict) -> str:
    """The contract as JSON, a list of numbers on one line."""
    text = json.dumps(contract, indent=1)
    return re.sub(r"\[\s+([-\d][-+.e\d\s,]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)


def files_of(path: Path) -> set[str]:
    """Names of the files that a contract describes; none where there is no contract, or none of ours."""
    try:
        formats = json.loads(path.read_text(encoding="utf-8"))["formats"]
        names = {one["file"] for one in formats.values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    return {name for name in names if isinstance(name, str) and name == Path(name).name}
