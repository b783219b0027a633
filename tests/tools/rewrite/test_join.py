"""Sets of records joined: all records of all, train and test as they were; sets that do not go together are refused."""

import dataclasses
import shutil

import pytest

from records import shards
from records.manifest import Doubt, Manifest
from records.split import Split
from tests.helpers.records import stored_records
from tools.rewrite import join


@pytest.fixture
def other_set(record_set, tmp_path):
    """`record_set` under other names: its subsets and its data set; its test records are not there."""
    folder = tmp_path / "other"
    shutil.copytree(record_set, folder)
    manifest = shards.checked_manifest(folder)
    subsets = {f"new{name}": {"train": counts["train"], "test": 0} for name, counts in manifest.subsets.items()}
    noted = {"skipped": {"odd": ["b", "a"]}, "notes": {"terms": ["those of others"], "views": 3}}
    without = {"shards": {**manifest.shards, "test": ()}, "datasets": {"newtiny": manifest.datasets["tiny"]}}
    noted["doubts"] = {"newtiny/AFW": Doubt(0.01, 0.02)}
    dataclasses.replace(manifest, subsets=subsets, **noted, **without).write(folder)
    return folder


def test_all_records_of_all(record_set, other_set, tmp_path):
    out = tmp_path / "all"
    assert join.main([str(record_set), str(other_set), "--out", str(out)]) == 0
    assert shards.audit(out) == []
    own = stored_records(record_set, "train")
    assert stored_records(out, "train") == own + own
    assert stored_records(out, "test") == stored_records(record_set, "test")
    first, second, joined = map(shards.checked_manifest, (record_set, other_set, out))
    assert joined.subsets == first.subsets | second.subsets and set(joined.datasets) == {"tiny", "newtiny"}
    assert joined.skipped == first.skipped | {"odd": ["a", "b"]} and joined.notes["terms"] == ["those of others"]
    assert joined.doubts == second.doubts != first.doubts
    assert joined.notes["joined"][1]["views"] == 3 and joined.notes["joined"][0] == {"records": "set"}
    assert (joined.scheme, joined.split, joined.context) == (first.scheme, first.split, first.context)


def test_sets_that_do_not_go_together(record_set, other_set, tmp_path, capsys):
    def refused(message: str, *folders) -> None:
        assert join.main([*map(str, folders), "--out", str(tmp_path / "new")]) == 2
        assert message in capsys.readouterr().err

    def changed(**fields) -> None:
        dataclasses.replace(sound, **fields).write(other_set)
        refused(f"{other_set}: found {next(iter(fields))}", record_set, other_set)

    refused("expected two or more sets of records", record_set)
    refused("each once", record_set, record_set)
    refused("tiny/AFW in two of the sets", record_set, shutil.copytree(record_set, tmp_path / "copy"))
    sound: Manifest = shards.checked_manifest(other_set)
    changed(context=sound.context + 1)
    changed(upright=True)
    changed(split=Split(0.01))
    assert join.main([str(record_set), str(other_set), "--out", str(record_set)]) == 2
    assert not (tmp_path / "new").exists()
