"""A set rewritten record by record: what a rewriter gives is what is written, test records pass it by."""

import pytest

from records import shards
from tests.helpers.records import stored_records
from tools.rewrite.sets import Rewriting, noting, rewrite

AS_IT_IS = Rewriting(lambda one, manifest: (one,), lambda manifest: manifest)


def test_each_training_record_gives_what_the_rewriter_gives(record_set, tmp_path):
    seen = []

    def twice(serialised, manifest):
        seen.append((serialised, manifest.scheme))
        return serialised, serialised

    out = tmp_path / "new"
    manifest = rewrite(record_set, out, False, Rewriting(twice, noting({"why": "a test"})))
    before = stored_records(record_set, "train")
    assert seen == [(one, manifest.scheme) for one in before]
    assert stored_records(out, "train") == [one for one in before for _ in range(2)]
    assert stored_records(out, "test") == stored_records(record_set, "test")
    assert shards.checked_manifest(out) == manifest and manifest.notes["why"] == "a test" and shards.audit(out) == []
    counts = {name: 2 * counts["train"] for name, counts in shards.checked_manifest(record_set).subsets.items()}
    assert {name: counts["train"] for name, counts in manifest.subsets.items()} == counts


def test_records_may_go(record_set, tmp_path):
    """Half of the training records and all test records."""
    before, seen = stored_records(record_set, "train"), []

    def every_other(serialised, manifest):
        seen.append(serialised)
        return (serialised,) if len(seen) % 2 else ()

    manifest = rewrite(record_set, tmp_path / "new", False, Rewriting(every_other, AS_IT_IS.told, test=False))
    assert stored_records(tmp_path / "new", "train") == before[::2]
    assert manifest.count("test") == 0 and shards.audit(tmp_path / "new") == []
    assert {split: sum(counts[split] for counts in manifest.subsets.values()) for split in ("train", "test")} == {
        "train": len(before[::2]),
        "test": 0,
    }
    with pytest.raises(ValueError, match="none: found no record left for training"):
        rewrite(record_set, tmp_path / "none", False, Rewriting(lambda one, manifest: (), AS_IT_IS.told))
    assert not (tmp_path / "none").exists()


def test_a_rewriter_that_fails_leaves_the_old_set(record_set, tmp_path):
    def fails(serialised, manifest):
        raise ValueError("no")

    out = tmp_path / "new"
    rewrite(record_set, out, False, AS_IT_IS)
    with pytest.raises(ValueError, match="no"):
        rewrite(record_set, out, True, Rewriting(fails, AS_IT_IS.told))
    assert shards.audit(out) == [] and [path.name for path in tmp_path.iterdir()] == ["new"]


def test_what_may_not_be_replaced_is_left_alone(record_set, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "note").write_text("mine")
    places = ((tmp_path / "other", True, "without manifest.json"), (record_set, True, "the set to be read"))
    for out, overwrite, reason in (*places, (tmp_path / "other", False, "an existing folder")):
        with pytest.raises(ValueError, match=f"found .*{reason}"):
            rewrite(record_set, out, overwrite, AS_IT_IS)
    assert (tmp_path / "other" / "note").read_text() == "mine" and shards.audit(record_set) == []
