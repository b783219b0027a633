"""Which files are pictures and which videos: by their names, and by how they begin."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import cv2

# suffixes of pictures -> the kind that they usually are, itself the first suffix of the kind
PICTURES = {
    ".jpg": ".jpg",
    ".jpeg": ".jpg",
    ".jpe": ".jpg",
    ".png": ".png",
    ".bmp": ".bmp",
    ".webp": ".webp",
    ".tif": ".tif",
    ".tiff": ".tif",
    ".gif": ".gif",
    **dict.fromkeys((".jfif", ".jif", ".jfi", ".pjpeg", ".pjp", ".mpo"), ".jpg"),
    ".apng": ".png",
    ".dib": ".bmp",
    ".avif": ".avif",
    **dict.fromkeys((".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".jpm"), ".jp2"),
    **dict.fromkeys((".ppm", ".pgm", ".pbm", ".pnm", ".pam"), ".ppm"),
    ".hdr": ".hdr",
    **dict.fromkeys((".ras", ".sr"), ".ras"),
}
SUFFIXES = tuple(PICTURES)
NAMES = {
    **{".jpg": "JPEG", ".png": "PNG", ".bmp": "BMP", ".webp": "WebP", ".tif": "TIFF", ".gif": "GIF", ".avif": "AVIF"},
    **{".jp2": "JPEG 2000", ".ppm": "Netpbm", ".hdr": "Radiance", ".ras": "Sun raster"},
}
COMMON = (".jpg", ".png", ".bmp", ".webp", ".tif", ".gif")  # kinds whose sizes are checked to the last detail
# of videos; what is named on the command line may have others
VIDEOS = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".3gp"),
    *(".ts", ".mts", ".m2ts", ".m2t", ".flv", ".f4v", ".asf", ".vob", ".ogv", ".3g2", ".divx", ".dv", ".mxf", ".qt"),
    *(".mpe", ".m2v", ".mjpeg", ".mjpg", ".y4m", ".nut", ".rm", ".rmvb", ".h264", ".264", ".h265", ".hevc", ".ivf"),
)
# how files of a kind begin
STARTS = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG\r\n\x1a\n": ".png",
    b"BM": ".bmp",
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), ".tif"),
    **dict.fromkeys((b"GIF87a", b"GIF89a"), ".gif"),
    **dict.fromkeys((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), ".jp2"),
    **dict.fromkeys((b"P%c%c" % (kind, space) for kind in b"1234567" for space in b"\n\r\t #"), ".ppm"),
    **dict.fromkeys((b"#?RADIANCE", b"#?RGBE"), ".hdr"),
    b"\x59\xa6\x6a\x95": ".ras",
}
HEIF = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")  # brands of files with pictures
HEAD = 64  # bytes that tell a kind


def kind_of(data: bytes) -> str | None:
    """The kind of picture that bytes begin like, `.jpg`, `.png` ...; None for what is none that has a reader here."""
    if data[4:8] == b"ftyp":
        return ".avif" if b"avif" in _brands(data) else None
    if data[:4] == b"RIFF":
        return ".webp" if data[8:12] in (b"WEBP", b"") else None
    return next((kind for start, kind in STARTS.items() if data.startswith(start)), None)


def is_heif(data: bytes) -> bool:
    """Whether bytes begin like a picture in HEIF's box, which video readers would take for a film of its parts."""
    return data[4:8] == b"ftyp" and bool(_brands(data) & {*HEIF, b"avif", b"avis"})


def names_of(kinds: Collection[str]) -> str:
    """`JPEG, PNG or GIF` of such kinds."""
    *first, last = [NAMES[kind] for kind in kinds]
    return f"{', '.join(first)} or {last}" if first else last


@cache
def decodes(kind: str) -> bool:
    """Whether this OpenCV reads a kind of picture; some are built without one or another."""
    try:
        return bool(cv2.haveImageWriter(f"picture{kind}"))  # of reading it tells only for files that are there
    except cv2.error:
        return False


def _brands(data: bytes) -> set[bytes]:
    """The brands that a file of ISO's base media format says it is of: the major one and those it is compatible with
    (ISO/IEC 14496-12, 4.3)."""
    end = min(int.from_bytes(data[:4], "big"), len(data))
    return {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
