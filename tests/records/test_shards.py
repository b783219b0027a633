"""records/shards.py: shards come whole or not at all, and what is there is held against the manifest."""

import hashlib
import os
from dataclasses import replace

import pytest
import tensorflow as tf

from records import shards
from records.landmarks import IBUG_68
from records.manifest import Manifest, Shard
from records.split import Split

PAYLOADS = [b"a", b"", b"longer than the others"]
NAME = "train-00000-of-00001.tfrecords"


@pytest.fixture
def folder(tmp_path):
    """A set of one shard of training records."""
    entry = shards.write_shard(tmp_path / NAME, PAYLOADS)
    parts = {"train": (entry,), "test": ()}
    Manifest(
        points="pts_2d",
        size=128,
        margin=0.15,
        context=0,
        encoding="raw",
        scheme=IBUG_68,
        split=Split(),
        shards=parts,
        subsets={},
    ).write(tmp_path)
    return tmp_path


def test_a_shard_holds_its_records_in_order_and_its_entry_tells_of_it(tmp_path):
    path = tmp_path / shards.shard_name("test", 2, 13)
    entry = shards.write_shard(path, iter(PAYLOADS))
    assert path.name == "test-00002-of-00013.tfrecords"
    assert [record.numpy() for record in tf.data.TFRecordDataset(str(path))] == PAYLOADS
    data = path.read_bytes()
    assert entry == Shard(path.name, 3, len(data), hashlib.sha256(data).hexdigest())
    assert [path.name] == os.listdir(tmp_path)


def test_an_exception_leaves_no_shard_behind(tmp_path):
    def broken():
        yield b"first"
        assert "x.tfrecords" not in os.listdir(tmp_path)
        raise KeyError("second")

    with pytest.raises(KeyError, match="second"):
        shards.write_shard(tmp_path / "x.tfrecords", broken())
    assert os.listdir(tmp_path) == []


def test_a_shard_cut_at_a_record_or_missing_is_named(folder):
    assert shards.checked_manifest(str(folder)) == Manifest.read(folder) and shards.audit(folder) == []
    path = folder / NAME
    whole = path.stat().st_size
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(PAYLOADS[0])
    assert len(list(tf.data.TFRecordDataset(str(path)))) == 1  # TensorFlow itself sees nothing wrong
    with pytest.raises(ValueError, match=f"{NAME}: found {path.stat().st_size} bytes, expected {whole}"):
        shards.checked_manifest(folder)
    path.unlink()
    with pytest.raises(ValueError, match=f"{NAME}: missing, expected 3 records"):
        shards.checked_manifest(folder)


@pytest.mark.parametrize(
    "field, value, fault", [("records", 4, "found 3 records, expected 4"), ("sha256", "0", "SHA-256 is not")]
)
def test_an_audit_counts_and_hashes(folder, field, value, fault):
    manifest = Manifest.read(folder)
    wrong = {**manifest.shards, "train": (replace(manifest.shards["train"][0], **{field: value}),)}
    replace(manifest, shards=wrong).write(folder)
    (line,) = shards.audit(folder)
    assert f"{NAME}: {fault}" in line
