"""TensorFlow, imported without its start-up chatter: `from records.runtime import tf`.

It writes half a dozen lines on standard error at import, whatever its settings say, and an error message of ours should
stand alone there.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def _silent_standard_error() -> Iterator[None]:
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _silent_standard_error():
    import tensorflow as tf

__all__ = ["tf"]
