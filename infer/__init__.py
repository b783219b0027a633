"""Face landmarks from pictures and videos with nothing but OpenCV and NumPy.

from landmark68 import Landmarker, read_picture
faces = Landmarker().detect(read_picture("photo.jpg"))   # each with .box [4] and .points [68, 2], pixels
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import VERSION as __version__

if TYPE_CHECKING:
    from .faces.align import align
    from .faces.face import Face, TrackedFace
    from .faces.pose import Openness, Pose, head_pose, openness
    from .files.pictures import decode_picture, read_picture
    from .landmarker import Landmarker
    from .model.shipped import default_model
    from .video.smoothing import SmoothingSettings
    from .video.tracker import Tracker, TrackerSettings

__all__ = [
    "__version__",
    "Face",
    "Landmarker",
    "Openness",
    "Pose",
    "SmoothingSettings",
    "TrackedFace",
    "Tracker",
    "TrackerSettings",
    "align",
    "decode_picture",
    "default_model",
    "head_pose",
    "openness",
    "read_picture",
]

# where each name is at home; what lies below imports OpenCV, which the help of the commands does without
HOMES = {
    "faces.align": ("align",),
    "faces.face": ("Face", "TrackedFace"),
    "faces.pose": ("Openness", "Pose", "head_pose", "openness"),
    "files.pictures": ("decode_picture", "read_picture"),
    "landmarker": ("Landmarker",),
    "model.shipped": ("default_model",),
    "video.smoothing": ("SmoothingSettings",),
    "video.tracker": ("Tracker", "TrackerSettings"),
}


if not TYPE_CHECKING:  # which would take any name for one of these

    def __getattr__(name: str) -> Any:
        """What the package offers, imported when it is first asked for (PEP 562)."""
        home = next((module for module, names in HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import_module(".opencv", __name__)  # first: it says in one line where OpenCV does not load
        globals()[name] = getattr(import_module(f".{home}", __name__), name)
        return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
