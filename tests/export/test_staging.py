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


def test_staged_files_move_when_all_is_well(tmp_path):
    out = tmp_path / "deep" / "out"
    with staging(out) as folder:
        fill(folder, pb="new", json="{}")
        assert [name for name in os.listdir(out) if not name.startswith(".")] == []
    assert texts(out) == {"landmark.json": "{}", "landmark.pb": "new"}


def test_staged_files_vanish_on_an_error(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyError), staging(out) as folder:
        fill(folder, pb="new")
        raise KeyError("no")
    assert not out.exists()
    out.mkdir()
    fill(out, pb="old")
    with pytest.raises(KeyboardInterrupt), staging(out) as folder:
        fill(folder, pb="new")
        raise KeyboardInterrupt
    assert texts(out) == {"landmark.pb": "old"}


def test_without_files_nothing_changes(tmp_path):
    fill(tmp_path, pb="old", json=contract("landmark.pb"))
    before = texts(tmp_path)
    with staging(tmp_path):
        pass
    assert texts(tmp_path) == before


def test_files_of_the_model_before_go_with_it_and_others_stay(tmp_path):
    fill(
        tmp_path,
        pb="old",
        onnx="old",
        note="mine",
        json=contract("landmark.pb", "landmark.onnx", "../x", "mine.txt", 3),
    )
    (tmp_path / "mine.txt").write_text("mine")
    with staging(tmp_path) as folder:
        fill(folder, pb="new", json=contract("landmark.pb"))
    assert sorted(texts(tmp_path)) == ["landmark.json", "landmark.note", "landmark.pb", "mine.txt"]
    assert (tmp_path / "landmark.pb").read_text() == "new"


def test_models_of_other_names_stay(tmp_path):
    fill(tmp_path, pb="old", json=contract("landmark.pb"))
    (tmp_path / "landmark_small.json").write_text(contract("landmark_small.onnx", "landmark.pb"))
    (tmp_path / "landmark_small.onnx").write_text("old")
    with staging(tmp_path) as folder:
        (folder / "landmark_small.pb").write_text("new")
        (folder / "landmark_small.json").write_text("{}")
    assert sorted(texts(tmp_path)) == ["landmark.json", "landmark.pb", "landmark_small.json", "landmark_small.pb"]
    assert (tmp_path / "landmark.pb").read_text() == "old"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"formats": [1]}', '{"formats": {"a": 3}}', "\udc80"])
def test_a_contract_of_no_use_names_nothing(tmp_path, text):
    (tmp_path / "landmark.json").write_bytes(text.encode(errors="surrogateescape"))
    fill(tmp_path, onnx="old")
    with staging(tmp_path) as folder:
        fill(folder, pb="new", json="{}")
    assert texts(tmp_path) == {"landmark.json": "{}", "landmark.onnx": "old", "landmark.pb": "new"}


@pytest.mark.parametrize("fails_at", ["landmark.json", "landmark.onnx", "landmark.pb"])
def test_an_error_between_the_renames_brings_everything_back(tmp_path, monkeypatch, fails_at):
    fill(tmp_path, pb="old", float16="old", json=contract("landmark.pb", "landmark.float16"))
    before = texts(tmp_path)
    replace = os.replace

    def failing(source, target):
        if source.parent.name.startswith(".freeze-") and source.name == fails_at:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(module.os, "replace", failing)
    with pytest.raises(KeyboardInterrupt), staging(tmp_path) as folder:
        fill(folder, pb="new", onnx="new", json="{}")
    assert texts(tmp_path) == before


def test_the_contract_comes_last(tmp_path, monkeypatch):
    order, replace = [], os.replace
    monkeypatch.setattr(
        module.os, "replace", lambda source, target: (order.append(target.name), replace(source, target))
    )
    with staging(tmp_path / "out") as folder:
        fill(folder, pb="new", json="{}", tflite="new", onnx="new")
    assert order == ["landmark.onnx", "landmark.pb", "landmark.tflite", "landmark.json"]


def test_what_a_killed_export_left_long_ago_is_removed(tmp_path):
    old, new = tmp_path / ".freeze-old", tmp_path / ".freeze-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "landmark.pb").touch()
    os.utime(old, (0, 0))
    with staging(tmp_path) as folder:
        fill(folder, pb="new", json="{}")
    assert not old.exists() and new.exists() and not folder.exists()
