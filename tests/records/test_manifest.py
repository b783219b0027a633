"""records/manifest.py: what stands in manifest.json comes back as it was, and nothing else is taken for one."""

import json

import pytest

from records.landmarks import KAGGLE_15
from records.manifest import Dataset, Doubt, Manifest, Shard
from records.split import RULE, Split

TRAIN = (Shard("train-0", 3, 40, "ab"), Shard("train-1", 0, 0, "cd"), Shard("train-2", 4, 50, "ef"))
WHOLE = Manifest(
    points="pts_3d",
    size=128,
    margin=0.15,
    context=9,
    encoding="raw",
    scheme=KAGGLE_15,
    upright=True,
    doubts={"A/x": Doubt(0.012, 0.03)},
    split=Split(0.3, 7),
    shards={"train": TRAIN, "test": (Shard("test-0", 2, 30, "01"),)},
    subsets={"A/x": {"train": 7, "test": 2}},
    datasets={"A": Dataset("pts", 12, 10, 2.5)},
    skipped={"missing key": ["A/x/1: found nothing"]},
    remarks={"scaled": ["A/x/2.jpg: found 9x9"]},
    notes={"views": 4, "trust": {"*": 0.5}},
)


@pytest.fixture
def document(tmp_path):
    """The JSON document of WHOLE, written to the folder."""
    WHOLE.write(tmp_path)
    return json.loads((tmp_path / "manifest.json").read_text())


def put(folder, document) -> None:
    (folder / "manifest.json").write_text(json.dumps(document))


def test_a_manifest_comes_back_as_it_was(tmp_path, document):
    assert Manifest.read(str(tmp_path)) == WHOLE
    assert document["splits"]["train"]["records"] == 7 and document["scheme"] == "kaggle15"
    assert (document["test_fraction"], document["split_rule"], document["views"]) == (0.3, 7, 4)
    assert WHOLE.count("train") == 7 and WHOLE.count("test") == 2
    assert WHOLE.files(tmp_path, "train") == [str(tmp_path / "train-0"), str(tmp_path / "train-2")]


def test_the_oldest_manifests_are_read(tmp_path, document):
    for later in ("split_rule", "datasets", "skipped", "views", "trust", "upright", "doubts"):
        del document[later]
    put(tmp_path, document)
    found = Manifest.read(tmp_path)
    assert not found.upright and found.doubts == {}
    assert "doubts" not in json.loads(found.text())
    assert found.split == Split(0.3, RULE) and (found.datasets, found.skipped, found.notes) == ({}, {}, {})


@pytest.mark.parametrize("format, rule", [("300w-lp", RULE), ("kaggle", RULE), ("coco", 0), ("dlib", 0), ("pts", 0)])
def test_without_a_rule_it_is_todays_where_sources_are_the_same(tmp_path, document, format, rule):
    del document["split_rule"]
    document["datasets"]["A"]["format"] = format
    put(tmp_path, document)
    assert Manifest.read(tmp_path).split.rule == rule


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_no_manifest_is_named(tmp_path, data):
    (tmp_path / "manifest.json").write_bytes(data)
    with pytest.raises(ValueError, match="manifest.json: found .*, expected a manifest of version 1"):
        Manifest.read(tmp_path)
    with pytest.raises(FileNotFoundError, match="absent: found no manifest.json"):
        Manifest.read(tmp_path / "absent")


def test_a_missing_key_is_named(tmp_path, document):
    for key in ("version", "scheme", "encoding", "splits", "context", "margin", "points", "subsets", "test_fraction"):
        put(tmp_path, {name: value for name, value in document.items() if name != key})
        with pytest.raises(ValueError, match=f"manifest.json: found no '{key}'"):
            Manifest.read(tmp_path)
    del document["splits"]["train"]["shards"][0]["bytes"]
    put(tmp_path, document)
    with pytest.raises(ValueError, match="manifest.json: found no 'bytes'"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize(
    "key, value, reason",
    [
        ("version", 2, "version 2"),
        ("encoding", "png", "encoding 'png'"),
        ("scheme", "other9", "'other9', expected one of wflw98, ibug68"),
        ("context", True, "context True"),
        ("doubts", {"A/x": {"median": "?", "most": 0.1}}, "median '\\?'"),
        ("test_fraction", 1.5, "test fraction: found 1.5"),
    ],
)
def test_a_wrong_value_is_named(tmp_path, document, key, value, reason):
    put(tmp_path, {**document, key: value})
    with pytest.raises(ValueError, match=f"manifest.json: found .*{reason}"):
        Manifest.read(tmp_path)
