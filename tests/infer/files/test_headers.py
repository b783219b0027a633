"""infer/files/headers.py, through decode_picture: what is cut, damaged or too large is told."""

import re
import struct

import cv2
import numpy as np
import pytest

from infer.files import headers, kinds, pictures
from infer.files.pictures import PIXEL_LIMIT, decode_picture
from tests.helpers.pictures import ALL, PICTURE, encode, exif, png_chunk, png_header


def refused(data: bytes, reason: str, limit: int = PIXEL_LIMIT) -> None:
    with pytest.raises(ValueError, match=rf"x: found {reason}.*, expected"):
        decode_picture(bytes(data), "x", limit=limit)


@pytest.mark.parametrize("suffix", ALL)
def test_truncated_anywhere_is_an_error(suffix):
    data = encode(PICTURE, suffix)
    for keep in {len(data) - 1, len(data) - 2, len(data) - 9, len(data) // 2, len(data) // 5, 30, 17, 9}:
        refused(data[:keep], "")


def test_the_end_of_an_embedded_thumbnail_is_not_the_end():
    thumbnail, data = encode(PICTURE[::3, ::3], ".jpg"), encode(PICTURE, ".jpg")
    whole = data[:2] + b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + data[2:]
    assert decode_picture(whole, "x").shape == PICTURE.shape
    refused(whole[:-40], "a truncated JPEG")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_bytes_after_the_end_are_no_matter(suffix):
    data = encode(PICTURE, suffix)
    more = decode_picture(data + b"\xff\xd8 and a second one, cut", "x")
    np.testing.assert_array_equal(more, decode_picture(data, "x"))


def big_endian_tiff() -> bytes:
    """The head of a classic TIFF: a directory of width and height only."""
    entries = struct.pack(">H", 2) + struct.pack(">HHIHH", 256, 3, 1, 66, 0) + struct.pack(">HHII", 257, 4, 1, 42)
    return b"MM\0*" + struct.pack(">I", 8) + entries + bytes(4)


@pytest.mark.parametrize(
    "data",
    [*(encode(PICTURE, suffix) for suffix in ALL), encode(PICTURE, ".webp", 64, 80), big_endian_tiff()],
    ids=[*ALL, "lossy webp", "big-endian tiff"],
)
def test_the_limit_counts_every_kind_before_it_is_decoded(data, monkeypatch):
    if data != big_endian_tiff():
        assert decode_picture(data, "x", limit=42 * 66).shape == (42, 66, 3)
    monkeypatch.setattr(pictures, "decoded", lambda *_: pytest.fail("decoded"))
    refused(data, "66x42 pixels", limit=42 * 66 - 1)


def grey_tiff(picture, *, widths) -> bytes:
    """An uncompressed classic TIFF, little-endian; widths: (type, value) of each entry that gives the width."""
    height, width = picture.shape
    rest = {257: height, 258: 8, 259: 1, 262: 1, 273: None, 277: 1, 278: height, 279: height * width}
    entries = [(256, kind, value) for kind, value in widths] + [(tag, 4, value) for tag, value in rest.items()]
    place = 8 + 2 + 12 * len(entries) + 4
    told = [struct.pack("<HHII", tag, kind, 1, place if value is None else value) for tag, kind, value in entries]
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(told) + bytes(4)
    return head + picture.tobytes() + struct.pack("<Q", 66)


def test_what_a_picture_says_twice_does_not_pass_the_limit():
    """OpenCV decodes the first size of a PNG and a TIFF, so the first is what counts."""
    grey = np.ascontiguousarray(PICTURE[..., 0])
    twice = grey_tiff(grey, widths=[(4, 66), (4, 1)])
    np.testing.assert_array_equal(decode_picture(twice, "x", limit=42 * 66)[..., 1], grey)
    refused(twice, "66x42 pixels", limit=42 * 66 - 1)
    end = len(grey_tiff(grey, widths=[(16, 0)])) - 8
    refused(
        grey_tiff(grey, widths=[(16, end)]), "a TIFF whose size is of type 16"
    )  # where the 8 bytes of the width are
    png = encode(PICTURE, ".png")
    refused(png[:-12] + png_header(1, 1) + png[-12:], "a PNG with two headers")


def test_scans_that_would_take_long_are_refused(monkeypatch):
    data = encode(PICTURE, ".jpg")
    scan = data[data.index(b"\xff\xda") :][:14]
    refused(data[:-2] + scan * 2000 + data[-2:], "a JPEG of more than 500 scans")
    data = encode(PICTURE, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    scans = len(re.findall(rb"\xff\xda", data))
    assert scans > 3
    monkeypatch.setattr(headers, "SCAN_PIXELS", scans * 42 * 66)
    assert decode_picture(data, "x").shape == PICTURE.shape
    monkeypatch.setattr(headers, "SCAN_PIXELS", scans * 42 * 66 - 1)
    refused(data, f"a JPEG of 66 x 42 pixels in {scans} scans")


def test_other_spellings_of_rare_headers():
    assert headers.checked_size("x", b"P5 # a comment\n\t# 7 8\n66\n#\n42\n255\n") == (66, 42)
    stream = encode(PICTURE, ".jp2")
    stream = stream[stream.index(b"\xff\x4f\xff\x51") :]
    assert headers.checked_size("x", stream) == (66, 42) and decode_picture(stream, "x").shape == PICTURE.shape
    large = b"\0\0\0\x01free" + struct.pack(">Q", 16)
    assert headers.checked_size("x", encode(PICTURE, ".jp2")[:12] + large + encode(PICTURE, ".jp2")[12:]) == (66, 42)


def test_kinds_that_are_not_taken_or_not_in_this_opencv(monkeypatch):
    data = encode(PICTURE, ".jp2")
    with pytest.raises(headers.UnknownKind, match="x: found a JPEG 2000 picture, expected JPEG, .* or GIF$"):
        decode_picture(data, "x", kinds=kinds.COMMON)
    assert kinds.decodes(".jp2") and not kinds.decodes(".nosuch")
    assert not kinds.decodes(".exr")  # of which OpenCV says that it is switched off
    monkeypatch.setattr(headers, "decodes", lambda kind: kind != ".jp2")
    with pytest.raises(headers.UnknownKind, match="x: found a JPEG 2000 picture, expected one that this OpenCV"):
        decode_picture(data, "x")


def test_the_orientation_of_a_jpeg():
    data = encode(PICTURE, ".jpg")
    assert headers.jpeg_orientation(data) == 1
    for value, wanted in [(1, 1), (6, 6), (8, 8), (9, 1)]:
        assert headers.jpeg_orientation(data[:2] + exif(value) + data[2:]) == wanted
    assert headers.jpeg_orientation(data[:2] + exif(6)[:20]) == 1
    assert headers.jpeg_orientation(data[:2] + exif(6).replace(b"\x01\x12", b"\x01\x13")) == 1


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


PNG = encode(PICTURE, ".png")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"hello, I am a text", "no picture that it knows"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", r"a heic file \(HEIF or video\)"),
        (b"RIFF\x04\0\0\0WAVE", "no picture that it knows"),
        (b"\0\0\0\x10ftypavif\0\0\0\0", "an AVIF without a size"),
        (b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\x01meta" + bytes(7) + b"\3", "a box of less than nothing"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(9), "a JPEG 2000 without a picture"),
        (encode(PICTURE, ".jp2").replace(b"\0\x03\7\1\1", b"\x40\0\7\1\1"), "a JPEG 2000 of 16384 channels"),
        (b"P6\n# 66 42\n", "a Netpbm file without a size"),
        (b"P7\nWIDTH 66\nENDHDR\nHEIGHT 42\n", "a Netpbm file without a size"),
        (b"#?RADIANCE\n\n+X 42 +Y 66\n", "a Radiance file without a size"),
        (b"RIFF\x08\0\0\0WEBPWHAT", "a WebP without a picture"),
        (encode(PICTURE, ".webp")[:-9], "a truncated WebP"),
        (b"\xff\xd8\xff\xd9", "a JPEG without a picture"),
        (encode(PICTURE, ".jpg")[:-40], r"a truncated JPEG \(no end marker\)"),
        (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND", b""), "a PNG without a header"),
        (PNG[:-40], r"a truncated PNG \(no IEND chunk\)"),
        (flipped(PNG, len(PNG) // 2), r"a damaged PNG \(checksum of its IDAT chunk\)"),
        (b"II*\0\x08\0\0\0\0\0", "a TIFF without a size"),
        (b"BM", r"a truncated picture \(its header is cut\)"),
        (b"\x89PNG\r\n\x1a\n" + png_header(0, 0) + png_chunk(b"IEND", b""), "0x0 pixels"),
        (b"GIF89a\x05\0\x07\0" + bytes(30), "a damaged picture"),
    ],
)
def test_what_is_no_picture_is_named(data, reason, capfd):
    kind = kinds.kind_of(data)
    if kind and not kinds.decodes(kind):
        pytest.skip(f"this OpenCV was built without {kinds.NAMES[kind]}")
    refused(data, reason)
    assert capfd.readouterr().err == ""  # OpenCV keeps quiet
