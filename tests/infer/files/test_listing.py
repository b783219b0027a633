"""infer/files/listing.py: pictures and videos of folders, each once, and what is left out by kind and count."""

import os
from collections import Counter
from pathlib import Path

import pytest

from infer.files import listing
from infer.files.listing import list_files, list_pictures


def names(*paths, **options) -> list[str]:
    return [name for _, name in list_pictures(paths, **options)]


def touch(folder: Path, *files) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_list_pictures(tmp_path):
    first = touch(tmp_path / "one", "b.JPG", "a.png", "c.txt", ".hidden.jpg")
    second = touch(tmp_path / "two", "a.png", "z.bmp")
    (first / "deeper.jpg").mkdir()
    assert names(first) == ["a.png", "b.JPG"]
    assert names(first, second) == [f"{first.as_posix()}/a.png", "b.JPG", f"{second.as_posix()}/a.png", "z.bmp"]
    assert names(first / "a.png", first, first / "c.txt") == ["a.png", "b.JPG", "c.txt"]
    assert names(f"{tmp_path}/*/z.*") == ["z.bmp"] and names(f"{tmp_path}/q*.jpg") == ["q*.jpg"] and names() == []
    assert list_pictures([tmp_path / "no.jpg"]) == [(tmp_path / "no.jpg", "no.jpg")]


def test_folders_are_walked_on_request(tmp_path):
    touch(tmp_path, "b.jpg", "x/a.png", "x/y/a.png", ".h/a.png", "x/.a.png", "x/n.txt")
    (tmp_path / "x" / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == ["b.jpg"]
    assert names(tmp_path, recursive=True) == ["b.jpg", "x/a.png", "x/y/a.png"]
    found = list_files([tmp_path], recursive=True, without=(tmp_path / "x" / "y").resolve())
    assert [name for _, name in found.pictures] == ["b.jpg", "x/a.png"] and found.left == Counter({".txt": 1})


def test_all_kinds_of_a_folder_are_taken_or_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "decodes", lambda kind: True)
    touch(tmp_path, "a.jfif", "b.avif", "c.JP2", "d.ppm", "e.mp4", "f.M2TS", "g.heic", "h.HEIC", "i.txt", "readme")
    found = list_files([tmp_path])
    assert [name for _, name in found.pictures] == ["a.jfif", "b.avif", "c.JP2", "d.ppm"]
    assert [path.name for path in found.videos] == ["e.mp4", "f.M2TS"]
    assert found.summary() == "left out 4 files of other kinds: 2 .heic, 1 .txt, 1 without a suffix"
    monkeypatch.setattr(listing, "decodes", lambda kind: kind != ".avif")  # an OpenCV built without
    monkeypatch.setattr(listing, "SHOWN", 1)
    assert list_files([tmp_path]).summary() == "left out 5 files of other kinds: 2 .heic, 3 kinds more"
    assert list_files([tmp_path / "a.jfif"]).summary() == ""


@pytest.mark.skipif(os.name == "nt", reason="found names that are UTF-16, expected bytes")
def test_names_that_are_no_utf8_are_escaped_and_lead_to_their_files(tmp_path):
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/m\xfc")
    touch(Path(folder), os.fsdecode(b"J\xfc.jpg"), "J\\xfc.jpg")
    found = list_pictures([folder])
    assert [name for _, name in found] == [f"{tmp_path}/m\\xfc/J\\xfc.jpg", f"{tmp_path}/m\\xfc/J\\xfc.jpg#2"]
    assert [os.fsencode(path.name) for path, _ in found] == [b"J\\xfc.jpg", b"J\xfc.jpg"]
