"""The web page and the REST service: the one part of this package that needs more than NumPy and OpenCV."""
