import hashlib
import json
import os

import pytest
import tensorflow as tf

from records import shards
from records.split import hash_fraction, split_of
from tools.read.w300lp import find

PAYLOADS = [b"a", b"", b"longer than the others"]


def manifest_of(folder, entry) -> dict:
    """A minimal manifest with one shard of training records."""
    manifest = {
        "version": shards.VERSION,
        "scheme": "ibug68",
        "encoding": "raw",
        "context": 0,
        "margin": 0.15,
        "points": "pts_2d",
        "subsets": {},
        "splits": {"train": {"records": 3, "shards": [entry]}, "test": {"records": 0, "shards": []}},
    }
    shards.write_manifest(folder, manifest)
    return manifest


@pytest.fixture
def folder(tmp_path):
    manifest_of(tmp_path, shards.write_shard(tmp_path / "train-00000-of-00001.tfrecords", PAYLOADS))
    return tmp_path


# subset, name, source, and the side at a test fraction of 0.4, as literals: they must never change
@pytest.mark.parametrize(
    "subset, name, source, side",
    [
        ("AFW", "AFW_1051618982_1_0", "AFW_1051618982", "train"),
        ("AFW", "AFW_1051618982_2_16", "AFW_1051618982", "train"),
        ("AFW_Flip", "AFW_1051618982_1_0", "AFW_1051618982", "train"),
        ("HELEN", "HELEN_232194_1_0", "HELEN_232194", "train"),
        ("HELEN", "HELEN_232194_1_1", "HELEN_232194", "train"),
        ("IBUG", "IBUG_image_008_1_0", "IBUG_image_008", "train"),
        ("LFPW", "LFPW_image_train_0001_0", "LFPW_image_train_0001", "test"),
        ("LFPW_Flip", "LFPW_image_train_0001_3", "LFPW_image_train_0001", "test"),
        ("LFPW", "LFPW_image_test_0001_7", "LFPW_image_test_0001", "train"),
        ("YTF", "YTF_Aaron_Eckhart_123_0", "YTF_Aaron_Eckhart", "train"),
        ("YTF", "YTF_Aaron_Eckhart_7_0", "YTF_Aaron_Eckhart", "train"),
        ("DRAWN", "DRAWN_0004_1_3", "DRAWN_0004", "train"),
        ("OTHER", "someone", "someone", "test"),
    ],
)
def test_the_split_is_by_source(tmp_path, subset, name, source, side):
    (tmp_path / subset).mkdir()
    for suffix in (".jpg", ".mat"):
        (tmp_path / subset / (name + suffix)).touch()
    (item,) = find(tmp_path, "set")
    assert (item.subset, item.name, item.source) == (subset, name, source)
    assert split_of(item.source, 0.4) == side


def test_hashes_are_the_same_everywhere():
    assert hash_fraction("AFW_1051618982") == 0.6401450657655428
    assert hash_fraction("YTF_Aaron_Eckhart") == 0.9255944010588621
    assert hash_fraction("") == 0.8894159948913374
    assert hash_fraction("é") == 0.2914021905164211


def test_the_test_side_is_about_the_fraction_asked_for_and_grows_with_it():
    sources = [f"AFW_{number}" for number in range(4000)]
    small = {source for source in sources if split_of(source, 0.1) == "test"}
    large = {source for source in sources if split_of(source, 0.3) == "test"}
    assert 340 < len(small) < 460 and 1100 < len(large) < 1300
    assert small < large
    assert not any(split_of(source, 0) == "test" for source in sources)


def test_a_shard_holds_its_records_in_order_and_its_entry_tells_of_it(tmp_path):
    path = tmp_path / shards.shard_name("test", 2, 13)
    entry = shards.write_shard(path, iter(PAYLOADS))
    assert path.name == "test-00002-of-00013.tfrecords"
    assert [record.numpy() for record in tf.data.TFRecordDataset(str(path))] == PAYLOADS
    data = path.read_bytes()
    assert entry == {"file": path.name, "records": 3, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert [path.name] == os.listdir(tmp_path)


def test_an_exception_leaves_no_shard_behind(tmp_path):
    def broken():
        yield b"first"
        assert "x.tfrecords" not in os.listdir(tmp_path)
        raise KeyError("second")

    with pytest.raises(KeyError, match="second"):
        shards.write_shard(tmp_path / "x.tfrecords", broken())
    assert os.listdir(tmp_path) == []


def test_an_empty_shard_is_counted_as_such_and_not_read(tmp_path):
    manifest = manifest_of(tmp_path, shards.write_shard(tmp_path / "empty.tfrecords", []))
    assert shards.read_manifest(tmp_path) == manifest
    assert shards.count_of(manifest, "train") == 0
    assert shards.shard_files(tmp_path, manifest, "train") == []


def test_a_whole_set_is_read(folder):
    manifest = shards.read_manifest(str(folder))
    assert shards.count_of(manifest, "train") == 3
    assert shards.count_of(manifest, "test") == 0
    assert shards.shard_files(folder, manifest, "train") == [str(folder / "train-00000-of-00001.tfrecords")]
    assert sorted(os.listdir(folder)) == ["manifest.json", "train-00000-of-00001.tfrecords"]


def test_a_missing_shard_is_named(folder):
    (folder / "train-00000-of-00001.tfrecords").unlink()
    with pytest.raises(ValueError, match=r"train-00000-of-00001.tfrecords: missing, expected 3 records"):
        shards.read_manifest(folder)


def test_a_shard_cut_at_a_record_is_named(folder):
    path = folder / "train-00000-of-00001.tfrecords"
    whole = path.stat().st_size
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(PAYLOADS[0])
    assert len(list(tf.data.TFRecordDataset(str(path)))) == 1  # TensorFlow itself sees nothing wrong
    with pytest.raises(ValueError, match=rf"found {path.stat().st_size} bytes, expected {whole}: cut or damaged"):
        shards.read_manifest(folder)


def test_no_manifest_is_said(tmp_path):
    for place in (tmp_path, tmp_path / "absent"):
        with pytest.raises(FileNotFoundError, match=rf"{place.name}: found no manifest.json, expected a set made by"):
            shards.read_manifest(place)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"version": 1}', "\x00\x01"])
def test_a_damaged_manifest_is_said(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match="manifest.json: is damaged or of another kind .*, expected version 1"):
        shards.read_manifest(tmp_path)


def test_a_manifest_that_is_no_text_is_said(tmp_path):
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="manifest.json: is damaged"):
        shards.read_manifest(tmp_path)


@pytest.mark.parametrize("key", ["version", "scheme", "encoding", "splits", "context", "margin", "points", "subsets"])
def test_a_manifest_that_lacks_a_key_is_said(folder, key):
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest[key]
    shards.write_manifest(folder, manifest)
    with pytest.raises(ValueError, match=rf"manifest.json: is damaged or of another kind \(KeyError\('{key}'\)\)"):
        shards.read_manifest(folder)


def test_a_shard_entry_that_lacks_its_size_is_said(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["splits"]["train"]["shards"][0]["bytes"]
    shards.write_manifest(folder, manifest)
    with pytest.raises(ValueError, match="manifest.json: is damaged .*bytes"):
        shards.read_manifest(folder)


@pytest.mark.parametrize("key, value", [("version", 2), ("encoding", "png")])
def test_another_version_or_encoding_is_refused(folder, key, value):
    manifest = json.loads((folder / "manifest.json").read_text())
    shards.write_manifest(folder, {**manifest, key: value})
    with pytest.raises(ValueError, match=f"{key} {value}.*expected 1, "):
        shards.read_manifest(folder)


def test_another_scheme_is_refused(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    shards.write_manifest(folder, {**manifest, "scheme": "other9"})
    with pytest.raises(ValueError, match="found 'other9', expected one of ibug68"):
        shards.read_manifest(folder)
