"""The modules that need Apache Beam, imported only where it is: it can't stand in the project's own environment."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from records.silence import silent_standard_error


def beam_records() -> ModuleType:
    """`tools.make.beam.records`. Raises ValueError where Apache Beam is not installed."""
    if not importlib.util.find_spec("apache_beam"):
        raise ValueError("--runner: found no Apache Beam, expected it installed (make beam)")
    with silent_standard_error():  # Beam tells of everything that it could use and that is not there
        from tools.make.beam import records
    return records
