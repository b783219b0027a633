"""infer/files/journal.py: a run that was stopped goes on."""

import json

import pytest

from infer.files.journal import Journal, read_entries
from infer.files.points import write_json

SETTINGS = {"model": "abc", "passes": 2}


def entry(name: str) -> dict:
    return {"file": name, "faces": [{"points": [[1.5, 2.0]]}]}


def test_entries_come_back_in_the_order_asked_for(tmp_path):
    journal = Journal(tmp_path / "j", SETTINGS)
    for name in ("b", "a ä", "c"):
        journal.add(entry(name))
    assert list(journal.entries(["a ä", "x", "b"])) == [entry("a ä"), entry("b")]
    assert len(journal) == 3 and "c" in journal and "x" not in journal
    journal.add({**entry("b"), "faces": []})  # done again: the later one counts
    assert next(journal.entries(["b"]))["faces"] == []
    journal.remove()
    assert not list(tmp_path.iterdir())


def test_a_killed_run_goes_on_after_its_last_whole_line(tmp_path):
    journal = Journal(tmp_path / "j", SETTINGS)
    journal.add(entry("a"))
    journal.add(entry("b"))
    whole = (tmp_path / "j").read_bytes()  # on disk without a close
    (tmp_path / "j").write_bytes(whole[:-9])
    again = Journal(tmp_path / "j", SETTINGS, resume=True)
    assert len(again) == 1 and "a" in again
    again.add(entry("b"))
    again.close()
    assert (tmp_path / "j").read_bytes() == whole
    assert len(Journal(tmp_path / "j", SETTINGS)) == 0  # not resumed: begun anew


def test_a_run_with_other_settings_is_not_resumed(tmp_path):
    Journal(tmp_path / "j", SETTINGS).close()
    with pytest.raises(ValueError, match="j: found a run with passes 2, expected 3 as now; leave --resume out"):
        Journal(tmp_path / "j", {**SETTINGS, "passes": 3}, resume=True)


@pytest.mark.parametrize("text", ["", "nothing\n", "[]\n"])
def test_what_is_no_journal(tmp_path, text):
    (tmp_path / "j").write_text(text)
    with pytest.raises(ValueError, match="j: found no journal of a run"):
        Journal(tmp_path / "j", SETTINGS, resume=True)
    (tmp_path / "j").write_text(json.dumps(SETTINGS) + "\n{}\n")
    with pytest.raises(ValueError, match="j: found a damaged line, expected an entry"):
        Journal(tmp_path / "j", SETTINGS, resume=True)


def test_entries_of_a_finished_run(tmp_path):
    write_json(tmp_path / "p.json", [entry("a"), entry("ö")])
    assert list(read_entries(tmp_path / "p.json")) == [entry("a"), entry("ö")]
    (tmp_path / "p.json").write_text(json.dumps({"images": [entry("a")]}))  # somebody else's formatting
    assert list(read_entries(tmp_path / "p.json")) == []
