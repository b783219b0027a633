"""export/staging.py: a model's files come together, or what was there stays."""

import json
import os

import pytest

from export import staging as module
from export.staging import staging


def fill(folder, **files):
    for name, text in files.items():
        (folder / f"landmark.{name}").write_text(text)


def texts(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def contract(*files) -> str:
    return json.dumps({"formats": {name: {"file": name} for name in files}})


@pytest.fixture
def before(tmp_path):
    """What lies there from an earlier export."""
    fill(tmp_path, pb="old", float16="old", json=contract("landmark.pb", "landmark.float16"))
    return texts(tmp_path)


def test_staged_files_move_when_all_is_well_the_contract_last(tmp_path, monkeypatch):
    order, replace, out = [], os.replace, tmp_path / "deep" / "out"
    moved = lambda source, target: (order.append(target.name), replace(source, target))  # noqa: E731
    monkeypatch.setattr(module.os, "replace", moved)
    with staging(out) as folder:
        fill(folder, pb="new", json="{}", onnx="new")
        assert [name for name in os.listdir(out) if not name.startswith(".")] == []
    assert texts(out) == {"landmark.json": "{}", "landmark.pb": "new", "landmark.onnx": "new"}
    assert order == ["landmark.onnx", "landmark.pb", "landmark.json"]


def test_on_an_error_and_without_files_nothing_changes(tmp_path, before):
    for out in (tmp_path, tmp_path / "none"):
        with pytest.raises(KeyboardInterrupt), staging(out) as folder:
            fill(folder, pb="new")
            raise KeyboardInterrupt
    with staging(tmp_path):
        pass
    assert texts(tmp_path) == before and not (tmp_path / "none").exists()


@pytest.mark.parametrize("fails_at", ["landmark.json", "landmark.pb"])
def test_an_error_between_the_renames_brings_everything_back(tmp_path, before, monkeypatch, fails_at):
    replace = os.replace

    def failing(source, target):
        if source.parent.name.startswith(".freeze-") and source.name == fails_at:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(module.os, "replace", failing)
    with pytest.raises(KeyboardInterrupt), staging(tmp_path) as folder:
        fill(folder, pb="new", onnx="new", json="{}")
    assert texts(tmp_path) == before


def test_files_of_the_model_before_go_with_it_and_others_stay(tmp_path):
    named = ("landmark.pb", "landmark.onnx", "../x", "mine.txt", "landmark_small.pb", 3)
    fill(tmp_path, pb="old", onnx="old", note="mine", json=contract(*named))
    for name in ("mine.txt", "landmark_small.pb"):
        (tmp_path / name).write_text("mine")
    with staging(tmp_path) as folder:
        fill(folder, pb="new", json=contract("landmark.pb"))
    names = ["landmark.json", "landmark.note", "landmark.pb", "landmark_small.pb", "mine.txt"]
    assert sorted(texts(tmp_path)) == names and (tmp_path / "landmark.pb").read_text() == "new"


@pytest.mark.parametrize("text", ["", '{"formats": [1]}', '{"formats": {"a": 3}}', "\udc80"])
def test_a_contract_of_no_use_names_nothing(tmp_path, text):
    (tmp_path / "landmark.json").write_bytes(text.encode(errors="surrogateescape"))
    fill(tmp_path, onnx="old")
    with staging(tmp_path) as folder:
        fill(folder, pb="new", json="{}")
    assert texts(tmp_path) == {"landmark.json": "{}", "landmark.onnx": "old", "landmark.pb": "new"}


def test_what_a_killed_export_left_long_ago_is_removed(tmp_path):
    old, new = tmp_path / ".freeze-old", tmp_path / ".freeze-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "landmark.pb").touch()
    os.utime(old, (0, 0))
    with staging(tmp_path) as folder:
        fill(folder, pb="new", json="{}")
    assert not old.exists() and new.exists() and not folder.exists()
