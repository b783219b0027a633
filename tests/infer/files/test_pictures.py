"""infer/files/pictures.py: what can be read is read exactly, what cannot is one clear error."""

import io
import os

import cv2
import numpy as np
import pytest

from infer.files import pictures
from infer.files.pictures import as_bgr, decode_picture, read_picture, write_picture
from tests.helpers.pictures import LOSSLESS, PICTURE, RARE, encode, exif


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_reads_to_the_bit_whatever_the_suffix_says(tmp_path, suffix):
    for name in (f"Gesicht äöü 顔{suffix}", "really_another.jpg"):
        (tmp_path / name).write_bytes(encode(PICTURE, suffix))
        np.testing.assert_array_equal(read_picture(tmp_path / name), PICTURE)


@pytest.mark.parametrize("settings", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)])
def test_reads_every_kind_of_jpeg(tmp_path, settings):
    (tmp_path / "a.jpg").write_bytes(encode(PICTURE, ".jpg", *settings, cv2.IMWRITE_JPEG_QUALITY, 95))
    read = read_picture(tmp_path / "a.jpg")
    assert read.shape == PICTURE.shape and read.dtype == np.uint8
    assert np.abs(read.astype(int) - PICTURE).mean() < 2


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        (PICTURE[:, :, 0], np.repeat(PICTURE[:, :, :1], 3, axis=2)),
        (PICTURE.astype(np.uint16) * 257, PICTURE),
        (np.dstack([PICTURE, np.full((42, 66), 9, np.uint8)]), PICTURE),
    ],
    ids=["grey", "16-bit", "alpha"],
)
def test_other_kinds_become_bgr(tmp_path, image, wanted):
    (tmp_path / "a.png").write_bytes(encode(image, ".png"))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), wanted)
    np.testing.assert_array_equal(as_bgr(image), wanted)


def test_exif_turns_when_asked(tmp_path):
    data = encode(PICTURE, ".jpg")
    plain, turned = tmp_path / "plain.jpg", tmp_path / "turned.jpg"
    plain.write_bytes(data)
    turned.write_bytes(data[:2] + exif(6) + data[2:])  # 6: to be turned 90 degrees clockwise
    np.testing.assert_array_equal(read_picture(turned), np.rot90(read_picture(plain), -1))
    np.testing.assert_array_equal(read_picture(turned, upright=False), read_picture(plain))


@pytest.mark.parametrize("suffix", [suffix for suffix in RARE if suffix != ".gif"])  # GIF has too few colours
def test_rarer_kinds_are_read(tmp_path, suffix):
    (tmp_path / "a.jfif").write_bytes(encode(PICTURE, suffix))
    read = read_picture(tmp_path / "a.jfif")
    assert read.shape == PICTURE.shape and np.abs(read.astype(int) - PICTURE).mean() < 6


@pytest.mark.parametrize("orientation", range(2, 9))
def test_an_avif_is_turned_by_its_own_box_as_a_jpeg_is_by_exif(orientation):
    image = pytest.importorskip("PIL.Image")
    if not pytest.importorskip("PIL.features").check("avif"):
        pytest.skip("found a Pillow without AVIF, expected one to write what OpenCV cannot")
    told = image.Exif()
    told[0x112] = orientation
    image.fromarray(PICTURE[..., ::-1].copy()).save(stream := io.BytesIO(), "AVIF", exif=told.tobytes(), quality=95)
    jpeg = encode(PICTURE, ".jpg")
    wanted = decode_picture(jpeg[:2] + exif(orientation) + jpeg[2:], "x")
    found = decode_picture(stream.getvalue(), "x")
    assert found.shape == wanted.shape and np.abs(found.astype(int) - wanted).mean() < 4
    assert decode_picture(stream.getvalue(), "x", upright=False).shape == PICTURE.shape


def test_missing_folder_pipe_and_forbidden(tmp_path, monkeypatch):
    def refused(name: str, reason: str, kind=ValueError) -> None:
        with pytest.raises(kind, match=f"{name}: found {reason}"):
            read_picture(tmp_path / name)

    refused("no.jpg", "no such file", FileNotFoundError)
    (tmp_path / "folder.jpg").mkdir()
    refused("folder.jpg", "a folder")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        refused("pipe.jpg", "a device or pipe")
    (tmp_path / "secret.jpg").write_bytes(encode(PICTURE, ".jpg"))
    for error, reason in ((PermissionError(13, "denied"), "no permission"), (OSError(5, "broken"), r".*\(broken\)")):

        def refuse(self, error=error):
            raise error

        monkeypatch.setattr("pathlib.Path.read_bytes", refuse)  # root may read whatever its mode
        refused("secret.jpg", reason)
    monkeypatch.setattr(pictures, "BYTE_LIMIT", 10)
    refused("secret.jpg", r"\d+ bytes, expected at most 10")


def test_as_bgr():
    assert as_bgr(PICTURE) is PICTURE
    np.testing.assert_array_equal(as_bgr(np.array([[0, 128, 129, 65535]], np.uint16))[0, :, 0], [0, 0, 1, 255])


@pytest.mark.parametrize("image", [None, np.zeros((4, 5)), np.zeros((4, 5, 2), "u1"), np.zeros((0, 5, 3), "u1")])
def test_as_bgr_refuses(image):
    with pytest.raises(ValueError, match="picture: found .*, expected a uint8 or uint16 array"):
        as_bgr(image)


def test_pictures_come_back(tmp_path):
    write_picture(tmp_path / "ä.png", PICTURE)
    np.testing.assert_array_equal(read_picture(tmp_path / "ä.png"), PICTURE)
    write_picture(tmp_path / "a.JPG", PICTURE)
    assert (tmp_path / "a.JPG").read_bytes().startswith(b"\xff\xd8\xff")
    with pytest.raises(ValueError, match=r"a\.xyz: found suffix '\.xyz'"):
        write_picture(tmp_path / "a.xyz", PICTURE)
