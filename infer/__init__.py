"""Face landmarks from pictures and videos with nothing but OpenCV and NumPy.

from landmark68 import Landmarker, read_picture
faces = Landmarker().detect(read_picture("photo.jpg"))   # each with .box [4] and .points [68, 2], pixels
"""

from . import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from .faces.align import align
from .faces.face import Face, TrackedFace
from .faces.pose import Openness, Pose, head_pose, openness
from .files.pictures import decode_picture, read_picture
from .landmarker import Landmarker
from .model.shipped import default_model
from .version import VERSION as __version__
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
