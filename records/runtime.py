"""TensorFlow, imported without its start-up chatter: `from records.runtime import tf, v1`.

It writes half a dozen lines on standard error at import, whatever its settings say, and an error message of ours should
stand alone there. The processor decides how it is imported: `records.processor`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from records.processor import ONEDNN, onednn_on, this_processor
from records.silence import silent_standard_error


@contextlib.contextmanager
def onednn_as_decided() -> Iterator[None]:
    """oneDNN as this machine's processor wants it, for the import of TensorFlow, which looks once.

    Afterwards the environment is as before: a process that this one starts should not take it for a user's setting.
    """
    value = onednn_on(this_processor(), os.environ).value
    if value is None:
        yield
        return
    os.environ[ONEDNN] = value
    try:
        yield
    finally:
        del os.environ[ONEDNN]


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with silent_standard_error(), onednn_as_decided():
    import tensorflow as tf
    from tensorflow.compat import (
        v1,  # a name that type checkers take annotations from, as they do not from tf.compat.v1
    )

__all__ = ["tf", "v1"]
