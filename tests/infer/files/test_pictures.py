"""infer/files/pictures.py: what can be read is read exactly, what cannot is one clear error."""

import os

import cv2
import numpy as np
import pytest

from infer.files import pictures
from infer.files.pictures import as_bgr, list_pictures, read_picture, write_picture
from tests.helpers.pictures import LOSSLESS, PICTURE, encode, exif


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
    np.testing.assert_array_equal(as_bgr(PICTURE[:, :, 1:2]), np.repeat(PICTURE[:, :, 1:2], 3, axis=2))
    np.testing.assert_array_equal(as_bgr(np.array([[0, 128, 129, 65535]], np.uint16))[0, :, 0], [0, 0, 1, 255])


@pytest.mark.parametrize(
    "image",
    [
        None,
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


def test_pictures_come_back(tmp_path):
    write_picture(tmp_path / "ä.png", PICTURE)
    np.testing.assert_array_equal(read_picture(tmp_path / "ä.png"), PICTURE)
    write_picture(tmp_path / "a.JPG", PICTURE)
    assert (tmp_path / "a.JPG").read_bytes().startswith(b"\xff\xd8\xff")
    with pytest.raises(ValueError, match=r"a\.xyz: found suffix '\.xyz'"):
        write_picture(tmp_path / "a.xyz", PICTURE)


def names(*paths, **options) -> list[str]:
    return [name for _, name in list_pictures(paths, **options)]


def test_list_pictures(tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    for folder, files in [(first, ["b.JPG", "a.png", "c.txt", ".hidden.jpg"]), (second, ["a.png", "z.bmp"])]:
        folder.mkdir()
        for name in files:
            (folder / name).touch()
    (first / "deeper.jpg").mkdir()
    assert names(first) == ["a.png", "b.JPG"]
    assert names(first, second) == [f"{first.as_posix()}/a.png", "b.JPG", f"{second.as_posix()}/a.png", "z.bmp"]
    assert names(first / "a.png", first, first / "c.txt") == ["a.png", "b.JPG", "c.txt"]
    assert names(f"{tmp_path}/*/z.*") == ["z.bmp"] and names(f"{tmp_path}/q*.jpg") == ["q*.jpg"] and names() == []
    assert list_pictures([tmp_path / "no.jpg"]) == [(tmp_path / "no.jpg", "no.jpg")]


def test_folders_are_walked_on_request(tmp_path):
    for name in ("b.jpg", "x/a.png", "x/y/a.png", ".h/a.png", "x/.a.png", "x/n.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    (tmp_path / "x" / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == ["b.jpg"]
    assert names(tmp_path, recursive=True) == ["b.jpg", "x/a.png", "x/y/a.png"]
    assert names(tmp_path, recursive=True, suffixes=(".txt",)) == ["x/n.txt"]
