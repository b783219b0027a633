"""infer/files/pictures.py: what can be read is read exactly, what cannot is one clear error."""

import os
import re
import struct
import zlib

import cv2
import numpy as np
import pytest

from infer.files import headers
from infer.files.pictures import PIXEL_LIMIT, as_bgr, decode_picture, list_pictures, read_picture

LOSSLESS = [".png", ".bmp", ".tiff", ".webp"]
ALL = [*LOSSLESS, ".jpg", ".gif"]


@pytest.fixture
def picture():
    """A smooth picture, uint8 [42, 66, 3], other in every channel."""
    y, x = np.mgrid[0:42, 0:66]
    return np.stack([x * 3, y * 5, (x + y) * 2], axis=2).astype(np.uint8)


def encode(image, suffix, *settings) -> bytes:
    if suffix == ".webp" and not settings:
        settings = (cv2.IMWRITE_WEBP_QUALITY, 101)
    return cv2.imencode(suffix, image, settings)[1].tobytes()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def exif(orientation: int) -> bytes:
    """An APP1 segment with that orientation."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_reads_to_the_bit(tmp_path, picture, suffix):
    file = tmp_path / f"Gesicht äöü 顔{suffix}"
    file.write_bytes(encode(picture, suffix))
    np.testing.assert_array_equal(read_picture(file), picture)


@pytest.mark.parametrize("settings", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)])
def test_reads_every_kind_of_jpeg(tmp_path, picture, settings):
    file = tmp_path / "a.jpg"
    file.write_bytes(encode(picture, ".jpg", *settings, cv2.IMWRITE_JPEG_QUALITY, 95))
    read = read_picture(file)
    assert read.shape == picture.shape and read.dtype == np.uint8
    assert np.abs(read.astype(int) - picture).mean() < 2


def test_type_is_told_by_content(tmp_path, picture):
    file = tmp_path / "really_a_png.jpg"
    file.write_bytes(encode(picture, ".png"))
    np.testing.assert_array_equal(read_picture(file), picture)


def test_grey_16_bit_and_alpha_become_bgr(tmp_path, picture):
    for name, image, wanted in [
        ("grey", picture[:, :, 0], np.repeat(picture[:, :, :1], 3, axis=2)),
        ("deep", picture.astype(np.uint16) * 257, picture),
        ("alpha", np.dstack([picture, np.full((42, 66), 9, np.uint8)]), picture),
    ]:
        file = tmp_path / f"{name}.png"
        file.write_bytes(encode(image, ".png"))
        np.testing.assert_array_equal(read_picture(file), wanted, err_msg=name)


def test_exif_turns_when_asked(tmp_path, picture):
    data = encode(picture, ".jpg")
    plain, turned = tmp_path / "plain.jpg", tmp_path / "turned.jpg"
    plain.write_bytes(data)
    turned.write_bytes(data[:2] + exif(6) + data[2:])  # 6: to be turned 90 degrees clockwise
    np.testing.assert_array_equal(read_picture(turned), np.rot90(read_picture(plain), -1))
    np.testing.assert_array_equal(read_picture(turned, upright=False), read_picture(plain))


@pytest.mark.parametrize("suffix", ALL)
def test_truncated_anywhere_is_an_error(tmp_path, picture, suffix):
    data, file = encode(picture, suffix), tmp_path / f"cut{suffix}"
    for keep in {len(data) - 1, len(data) - 2, len(data) - 9, len(data) // 2, len(data) // 5, 30, 17, 9}:
        file.write_bytes(data[:keep])
        with pytest.raises(ValueError, match=f"cut{re.escape(suffix)}: found .*, expected"):
            read_picture(file)


def test_truncation_is_named(tmp_path, picture):
    for suffix, wanted in [
        (".jpg", r"a truncated JPEG \(no end marker\)"),
        (".png", r"a truncated PNG \(no IEND chunk\)"),
        (".webp", "a truncated WebP"),
    ]:
        data, file = encode(picture, suffix), tmp_path / f"cut{suffix}"
        file.write_bytes(data[: len(data) * 2 // 3])
        with pytest.raises(ValueError, match=f"cut{suffix}: found {wanted}, expected a whole picture"):
            read_picture(file)


def test_the_end_of_an_embedded_thumbnail_is_not_the_end(tmp_path, picture):
    thumbnail = encode(picture[::3, ::3], ".jpg")
    segment = b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    data, file = encode(picture, ".jpg"), tmp_path / "thumb.jpg"
    whole = data[:2] + segment + data[2:]
    file.write_bytes(whole)
    assert read_picture(file).shape == picture.shape
    file.write_bytes(whole[:-40])
    with pytest.raises(ValueError, match="truncated JPEG"):
        read_picture(file)


def test_bytes_after_the_end_are_no_matter(tmp_path, picture):
    for suffix in (".jpg", ".png"):
        data, file = encode(picture, suffix), tmp_path / f"tail{suffix}"
        file.write_bytes(data)
        wanted = read_picture(file)
        file.write_bytes(data + b"\xff\xd8 and a second one, cut")
        np.testing.assert_array_equal(read_picture(file), wanted)


def test_a_flipped_bit_in_a_png_is_named(tmp_path, picture):
    data, file = bytearray(encode(picture, ".png")), tmp_path / "bit.png"
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(ValueError, match=r"bit.png: found a damaged PNG \(checksum of its IDAT chunk\)"):
        read_picture(file)


def test_a_bomb_is_refused_before_decoding(tmp_path):
    width, height = 20_000, 6_001
    rows = zlib.compress(bytes(1000 * 1000))
    png = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    png += png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    jpeg = bytearray(encode(np.zeros((8, 8, 3), np.uint8), ".jpg"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", height, width)
    bmp = bytearray(encode(np.zeros((8, 8, 3), np.uint8), ".bmp"))
    bmp[18:26] = struct.pack("<ii", width, -height)
    for name, data in [("b.png", png), ("b.jpg", jpeg), ("b.bmp", bmp)]:
        (tmp_path / name).write_bytes(bytes(data))
        with pytest.raises(ValueError, match=f"{name}: found 20000x6001 pixels, expected at most 100 megapixels"):
            read_picture(tmp_path / name)


@pytest.mark.parametrize("suffix", ALL)
def test_the_limit_counts_every_kind(tmp_path, picture, suffix):
    file = tmp_path / f"a{suffix}"
    file.write_bytes(encode(picture, suffix))
    assert read_picture(file, limit=42 * 66).shape == (42, 66, 3)
    with pytest.raises(ValueError, match="found 66x42 pixels, expected at most"):
        read_picture(file, limit=42 * 66 - 1)
    assert PIXEL_LIMIT == 100_000_000


def test_lossy_webp_and_big_endian_tiff_sizes(tmp_path, picture):
    (tmp_path / "a.webp").write_bytes(encode(picture, ".webp", cv2.IMWRITE_WEBP_QUALITY, 80))
    entries = struct.pack(">H", 2) + struct.pack(">HHIHH", 256, 3, 1, 66, 0) + struct.pack(">HHII", 257, 4, 1, 42)
    (tmp_path / "b.tif").write_bytes(b"MM\0*" + struct.pack(">I", 8) + entries + bytes(4))
    for name in ("a.webp", "b.tif"):
        with pytest.raises(ValueError, match="found 66x42 pixels"):
            read_picture(tmp_path / name, limit=1)


def grey_tiff(picture, *, widths) -> bytes:
    """An uncompressed classic TIFF, little-endian; widths: (type, value) of each entry that gives the width."""
    height, width = picture.shape
    rest = {257: height, 258: 8, 259: 1, 262: 1, 273: None, 277: 1, 278: height, 279: height * width}
    entries = [(256, kind, value) for kind, value in widths] + [(tag, 4, value) for tag, value in rest.items()]
    place = 8 + 2 + 12 * len(entries) + 4
    told = b"".join(
        struct.pack("<HHII", tag, kind, 1, place if value is None else value) for tag, kind, value in entries
    )
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + told + bytes(4) + picture.tobytes() + struct.pack("<Q", 66)


def test_what_a_picture_says_twice_does_not_pass_the_limit(tmp_path, picture):
    """OpenCV decodes the first size of a PNG and a TIFF, so the first is what counts."""
    grey = np.ascontiguousarray(picture[..., 0])
    (tmp_path / "a.tif").write_bytes(grey_tiff(grey, widths=[(4, 66), (4, 1)]))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif", limit=42 * 66)[..., 1], grey)
    with pytest.raises(ValueError, match="found 66x42 pixels"):
        read_picture(tmp_path / "a.tif", limit=42 * 66 - 1)
    end = len(grey_tiff(grey, widths=[(16, 0)])) - 8
    (tmp_path / "b.tif").write_bytes(grey_tiff(grey, widths=[(16, end)]))  # where the 8 bytes of the width are
    with pytest.raises(ValueError, match="b.tif: found a TIFF whose size is of type 16"):
        read_picture(tmp_path / "b.tif")
    png, header = encode(picture, ".png"), struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    (tmp_path / "c.png").write_bytes(png[:-12] + png_chunk(b"IHDR", header) + png[-12:])
    with pytest.raises(ValueError, match="c.png: found a PNG with two headers"):
        read_picture(tmp_path / "c.png")


def test_many_empty_scans_are_refused(tmp_path, picture):
    data = encode(picture, ".jpg")
    scan = data[data.index(b"\xff\xda") :][:14]
    (tmp_path / "scans.jpg").write_bytes(data[:-2] + scan * 2000 + data[-2:])
    with pytest.raises(ValueError, match="a JPEG of more than 500 scans"):
        read_picture(tmp_path / "scans.jpg")


def test_scans_that_would_take_long_are_refused(tmp_path, picture, monkeypatch):
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    (tmp_path / "scans.jpg").write_bytes(data)
    height, width = picture.shape[:2]
    scans = len(re.findall(rb"\xff\xda", data))
    assert scans > 3
    monkeypatch.setattr(headers, "SCAN_PIXELS", scans * height * width)
    assert read_picture(tmp_path / "scans.jpg").shape == picture.shape
    monkeypatch.setattr(headers, "SCAN_PIXELS", scans * height * width - 1)
    with pytest.raises(ValueError, match=f"a JPEG of {width} x {height} pixels in {scans} scans"):
        read_picture(tmp_path / "scans.jpg")


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", "found an empty file, expected a picture"),
        (b"hello, I am a text", "found no picture that it knows, expected JPEG, PNG, BMP, WebP, TIFF or GIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", r"found a heic file \(HEIF, AVIF or video\), expected JPEG"),
        (b"RIFF\x04\0\0\0WAVE", "found a RIFF file that is no WebP"),
        (b"RIFF\x08\0\0\0WEBPWHAT", "found a WebP without a picture"),
        (b"\xff\xd8\xff\xd9", "found a JPEG without a picture"),
        (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND", b""), "found a PNG without a header"),
        (b"II*\0\x08\0\0\0\0\0", "found a TIFF without a size"),
        (b"BM", r"found a truncated picture \(its header is cut\)"),
        (
            b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", bytes(13)) + png_chunk(b"IEND", b""),
            "found 0x0 pixels, expected at least",
        ),
        (b"GIF89a\x05\0\x07\0" + bytes(30), "found a damaged picture, expected one that decodes"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, data, wanted, capfd):
    (tmp_path / "x.jpg").write_bytes(data)
    with pytest.raises(ValueError, match=rf"x\.jpg: {wanted}"):
        read_picture(tmp_path / "x.jpg")
    assert capfd.readouterr().err == ""  # OpenCV keeps quiet


def test_missing_folder_pipe_and_forbidden(tmp_path, picture, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"no\.jpg: found no such file, expected a picture"):
        read_picture(tmp_path / "no.jpg")
    with pytest.raises(ValueError, match="found a folder, expected a picture"):
        read_picture(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        with pytest.raises(ValueError, match=r"pipe\.jpg: found a device or pipe"):
            read_picture(tmp_path / "pipe.jpg")
    (tmp_path / "secret.jpg").write_bytes(encode(picture, ".jpg"))

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)  # root may read whatever its mode
    with pytest.raises(ValueError, match=r"secret\.jpg: found no permission to read it"):
        read_picture(tmp_path / "secret.jpg")


def test_mutations_never_crash(tmp_path, picture):
    rng, file = np.random.default_rng(3), tmp_path / "m.bin"
    outcomes = {"read": 0, "refused": 0}
    for index in range(200):
        data = bytearray(encode(picture, ALL[index % len(ALL)]))
        for place in rng.integers(0, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(0, 256)
        file.write_bytes(data)
        try:
            image = read_picture(file, limit=10_000_000)
        except ValueError as error:
            assert str(error).startswith(f"{file}: found ") and "expected" in str(error)
            outcomes["refused"] += 1
        else:
            assert image.dtype == np.uint8 and image.ndim == 3
            outcomes["read"] += 1
    assert min(outcomes.values()) > 20


def test_as_bgr():
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (3, 5, 3), np.uint8)
    assert as_bgr(colour) is colour
    np.testing.assert_array_equal(as_bgr(colour[:, :, 1]), np.repeat(colour[:, :, 1:2], 3, axis=2))
    np.testing.assert_array_equal(as_bgr(colour[:, :, 1:2]), np.repeat(colour[:, :, 1:2], 3, axis=2))
    np.testing.assert_array_equal(as_bgr(np.dstack([colour, colour[:, :, 0]])), colour)
    np.testing.assert_array_equal(as_bgr(np.array([[0, 128, 129, 65535]], np.uint16))[0, :, 0], [0, 0, 1, 255])


@pytest.mark.parametrize(
    "image",
    [
        None,
        "a.jpg",
        np.zeros((4, 5)),
        np.zeros((4, 5, 2), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((4, 5, 3), np.int16),
    ],
)
def test_as_bgr_refuses(image):
    with pytest.raises(ValueError, match="picture: found .*, expected a uint8 or uint16 array"):
        as_bgr(image)


def test_list_pictures(tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    for folder, names in [(first, ["b.JPG", "a.png", "c.txt", ".hidden.jpg"]), (second, ["a.png", "z.bmp"])]:
        folder.mkdir()
        for name in names:
            (folder / name).touch()
    (first / "deeper.jpg").mkdir()
    assert [name for _, name in list_pictures([first])] == ["a.png", "b.JPG"]
    both = list_pictures([first, second])
    assert [name for _, name in both] == [f"{first.as_posix()}/a.png", "b.JPG", f"{second.as_posix()}/a.png", "z.bmp"]
    assert [path.parent.name for path, _ in both] == ["one", "one", "two", "two"]
    assert [name for _, name in list_pictures([first / "a.png", first, first / "c.txt"])] == ["a.png", "b.JPG", "c.txt"]
    assert [name for _, name in list_pictures([f"{tmp_path}/*/z.*"])] == ["z.bmp"]
    assert list_pictures([tmp_path / "no.jpg"]) == [(tmp_path / "no.jpg", "no.jpg")]
    assert [name for _, name in list_pictures([f"{tmp_path}/q*.jpg"])] == ["q*.jpg"]
    assert list_pictures([]) == []


def test_bytes_are_decoded_with_the_same_guards():
    image = np.random.default_rng(0).integers(0, 256, (9, 14, 3), np.uint8)
    data = cv2.imencode(".png", image)[1].tobytes()
    np.testing.assert_array_equal(decode_picture(data, "upload"), image)
    for bad, limit, wanted in [
        (b"", 1000, "upload: found an empty file"),
        (data[:-5], 1000, r"upload: found a truncated PNG \(no IEND chunk\)"),
        (data, 100, "upload: found 14x9 pixels, expected at most 0.0001 megapixels"),
    ]:
        with pytest.raises(ValueError, match=wanted):
            decode_picture(bad, "upload", limit=limit)


def test_folders_are_walked_on_request(tmp_path):
    for name in ("b.jpg", "x/a.png", "x/y/a.png", ".h/a.png", "x/.a.png", "x/n.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    (tmp_path / "x" / "loop").symlink_to(tmp_path)
    assert [name for _, name in list_pictures([tmp_path])] == ["b.jpg"]
    assert [name for _, name in list_pictures([tmp_path], recursive=True)] == ["b.jpg", "x/a.png", "x/y/a.png"]
    assert [name for _, name in list_pictures([tmp_path], True, (".txt",))] == ["x/n.txt"]
