"""Face landmarks from pictures with nothing but OpenCV and NumPy.

from landmark68 import Landmarker, read_picture
faces = Landmarker().detect(read_picture("photo.jpg"))   # each with .box [4] and .points [68, 2], pixels
"""

from .landmarker import Face, Landmarker, default_model
from .pictures import read_picture

__all__ = ["Face", "Landmarker", "default_model", "read_picture"]
