"""infer/files/atomic.py: whole or not at all."""

import os
import stat

import pytest

from infer.files.atomic import PREFIX, atomic_file, remove_leftovers, write_atomically, write_text_atomically


def test_write_replaces_whole(tmp_path):
    file = tmp_path / "a.json"
    write_atomically(file, b"first, long")
    write_atomically(file, b"second")
    assert file.read_bytes() == b"second" and [path.name for path in tmp_path.iterdir()] == ["a.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~mask


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    file = tmp_path / "a.json"
    write_atomically(file, b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old" and [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_an_atomic_file_is_there_whole_or_not_at_all(tmp_path):
    with pytest.raises(RuntimeError), atomic_file(tmp_path / "a.jsonl") as file:
        file.write(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with atomic_file(tmp_path / "a.jsonl") as file:
        file.write(b"one\n")
        assert not (tmp_path / "a.jsonl").exists()
        file.write(b"two\n")
    assert (tmp_path / "a.jsonl").read_bytes() == b"one\ntwo\n"


def test_text_is_utf_8_with_its_own_line_ends(tmp_path):
    write_text_atomically(tmp_path / "a.md", "Größe\r\n1\n")
    assert (tmp_path / "a.md").read_bytes() == "Größe\r\n1\n".encode()


def test_leftovers_are_removed_and_nothing_else(tmp_path):
    for name in (f"{PREFIX}0123.json", "a.json", "b.part-1"):
        (tmp_path / name).write_text("x")
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["a.json", "b.part-1"]
