"""Silence while a package is imported that says more than it is asked."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silent_standard_error() -> Iterator[None]:
    """Nothing reaches standard error, from C++ code either."""
    sys.stderr.flush()  # what was said before is still to be heard
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
