"""infer/files/atomic.py: whole or not at all."""

import os
import stat

import pytest

from infer.files.atomic import PREFIX, atomic_file, remove_leftovers, write_atomically, write_text_atomically


def test_write_replaces_whole_with_the_usual_rights(tmp_path):
    file = tmp_path / "a.json"
    write_atomically(file, b"first, long")
    write_text_atomically(file, "Größe\r\n")
    assert file.read_bytes() == "Größe\r\n".encode() and os.listdir(tmp_path) == ["a.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~mask


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    (tmp_path / "a.json").write_bytes(b"old")
    with pytest.raises(RuntimeError), atomic_file(tmp_path / "a.json") as file:
        file.write(b"half")
        assert (tmp_path / "a.json").read_bytes() == b"old"
        raise RuntimeError
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"old" and os.listdir(tmp_path) == ["a.json"]


def test_leftovers_are_removed_and_nothing_else(tmp_path):
    for name in (f"{PREFIX}0123.json", "a.json", "b.part-1"):
        (tmp_path / name).write_text("x")
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["a.json", "b.part-1"]
