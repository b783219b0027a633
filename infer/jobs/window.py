"""The window that --show opens, if this OpenCV has windows."""

from __future__ import annotations

import os
import sys

import cv2
import numpy as np

NAME = "landmark68"
ENDS = (ord("q"), 27)  # keys; 27 is Esc


def open_window() -> None:
    """Raises ValueError where no window can be opened, before any work is done."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ValueError("--show: found no display (DISPLAY is not set), expected one; leave --show out")
    try:
        cv2.namedWindow(NAME, cv2.WINDOW_AUTOSIZE)
    except cv2.error:
        raise ValueError(
            "--show: found an OpenCV without windows, expected one with them; leave --show out, or: "
            "pip uninstall opencv-python-headless && pip install opencv-python"
        ) from None


def show(image: np.ndarray, milliseconds: int) -> bool:
    """Shows a picture for so long, with 0 until a key is pressed; whether that key says to end."""
    cv2.imshow(NAME, image)
    return cv2.waitKey(milliseconds) & 0xFF in ENDS


def close_window() -> None:
    """Takes it away again."""
    cv2.destroyAllWindows()
