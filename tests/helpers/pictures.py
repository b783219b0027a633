"""Pictures as bytes of files, whole and made by hand."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np

from infer.files.kinds import decodes

LOSSLESS = [".png", ".bmp", ".tiff", ".webp", ".ppm", ".pam", ".ras"]
RARE = [kind for kind in (".gif", ".avif", ".jp2", ".hdr") if decodes(kind)]  # older OpenCVs lack one or another
ALL = [*LOSSLESS, ".jpg", *RARE]


def smooth() -> np.ndarray:
    """A smooth picture, uint8 [42, 66, 3], other in every channel."""
    y, x = np.mgrid[0:42, 0:66]
    return np.stack([x * 3, y * 5, (x + y) * 2], axis=2).astype(np.uint8)


PICTURE = smooth()


def encode(image, suffix, *settings) -> bytes:
    if suffix == ".webp" and not settings:
        settings = (cv2.IMWRITE_WEBP_QUALITY, 101)
    if suffix == ".hdr":
        image = image.astype(np.float32) / 255
    return cv2.imencode(suffix, image, settings)[1].tobytes()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width: int, height: int) -> bytes:
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def exif(orientation: int) -> bytes:
    """An APP1 segment with that orientation."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff
