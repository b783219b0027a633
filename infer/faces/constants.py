"""Files of constants that were fitted on real faces and lie beside the program."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Constants = TypeVar("Constants")


def read_constants(path: Path, what: str, part: str, parse: Callable[[Any], Constants]) -> Constants:
    """What `parse` makes of a file's JSON.

    what: it holds, in words; part: of `tools/fit_constants.py` that writes it. Raises FileNotFoundError where there is
    no such file, ValueError where it is no JSON or `parse` raises KeyError, TypeError or ValueError.
    """
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: found no such file, expected {what}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: found {error}, expected what tools/fit_constants.py {part} writes") from None
