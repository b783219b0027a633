"""Imports OpenCV, before anything else of ours does; where it does not load, one line says what it lacks."""

from __future__ import annotations

import sys
from types import TracebackType

INSTALL = "pip install opencv-python-headless"
HEADLESS = f"pip uninstall opencv-python && {INSTALL}"


class OpenCVMissing(ImportError):
    """OpenCV does not load. Uncaught it ends a program with its one line and exit code 2, without a traceback."""


def reason(error: ImportError) -> str:
    """What is said of an OpenCV that cannot be imported: found, and expected."""
    text = " ".join(str(error).split())
    if isinstance(error, ModuleNotFoundError) and error.name == "cv2":
        return f"OpenCV: found none, expected it: {INSTALL}"
    if "shared object" in text:
        return f"OpenCV: found {text}; expected libGL and its like (Debian: libgl1), or the one without: {HEADLESS}"
    return f"OpenCV: found that it does not load ({text}), expected one that fits this Python and NumPy"


def _say_in_one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not isinstance(error, OpenCVMissing):
        sys.__excepthook__(kind, error, trace)
        return
    print(error, file=sys.stderr)
    raise SystemExit(2)


try:
    import cv2

    # two of its packages share one folder: taking one away leaves the other without its files
    if not hasattr(cv2, "__version__"):
        raise ImportError(f"an empty folder cv2: {INSTALL} --force-reinstall")
except ImportError as error:
    sys.excepthook = _say_in_one_line
    raise OpenCVMissing(reason(error)) from None
