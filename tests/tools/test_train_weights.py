"""The way from annotated faces to the weights that ship: commands take their options, each step the one before's."""

import json

import pytest

from net.model.shape import Shape
from tests.helpers.commands import record_calls, scripts_of
from tools import train_weights

LAST = ["net/train.py", "export/freeze.py"]


@pytest.fixture
def called(monkeypatch):
    """Every command as (script, its options as it reads them), without being run."""

    def records(args):
        args.out.mkdir(parents=True)
        (args.out / "manifest.json").write_text("{}")

    def run(args):  # what --init looks for
        args.run.mkdir(parents=True, exist_ok=True)
        (args.run / "settings.json").write_text(json.dumps({"network": Shape().settings()}))

    made = {"tools/make_records.py": records, "tools/rewrite/distil.py": records, "net/train.py": run}
    return record_calls(monkeypatch, train_weights, made)


def test_each_step_takes_what_the_one_before_made(called, tmp_path):
    work, out = tmp_path / "work", tmp_path / "model"
    assert train_weights.main(["a", "b", "--work", str(work), "--out", str(out)]) == 0
    lesson = ["export/freeze.py", "tools/rewrite/distil.py", "net/train.py"]
    scripts = scripts_of(called)
    assert scripts == ["tools/make_records.py", "net/train.py", "net/train.py", *2 * lesson, *LAST]
    records, first, second, *lessons, polished, model = (args for _, args in called)
    assert [str(source) for source in records.datasets] == ["a", "b"]
    assert (first.recipe, second.recipe) == ("real", "real_more")
    assert first.init is None and second.init == first.run and first.records == second.records == records.out
    before, teachers = second, []
    rounds = {"real_taught": lessons[:3], "real_taught_more": lessons[3:]}
    for recipe, (teacher, taught, pupil) in rounds.items():
        teachers = [teacher.out / "landmark.pb", *teachers]
        assert teacher.run == pupil.init == before.run and pupil.recipe == recipe
        assert taught.records == records.out and taught.teacher == teachers and pupil.records == taught.out
        before = pupil
    assert len(teachers) == len(set(teachers)) == 2
    assert (polished.recipe, polished.init, polished.records) == ("real_polished", before.run, before.records)
    assert (model.run, model.out, model.checkpoint) == (polished.run, out, "last")
    assert [kind.name for kind in model.formats] == ["pb16"]


def test_goes_on_from_a_model(called, tmp_path):
    contract = train_weights.ROOT / "infer" / "landmark.json"
    assert train_weights.main(["a", "--work", str(tmp_path), "--init", str(contract)]) == 0
    scripts = scripts_of(called)
    assert scripts == ["tools/make_records.py", "tools/rewrite/distil.py", "net/train.py", *LAST]
    _, taught, pupil, polished, model = (args for _, args in called)
    assert taught.teacher == [contract.with_name("landmark.pb")]
    assert (pupil.recipe, pupil.init, pupil.records) == ("real_taught_more", contract, taught.out)
    assert (polished.init, polished.records, model.run) == (pupil.run, taught.out, polished.run)


def test_sets_of_records_are_made_once(called, tmp_path):
    for _ in range(2):
        assert train_weights.main(["a", "--work", str(tmp_path)]) == 0
    scripts = scripts_of(called)
    assert scripts.count("tools/make_records.py") == 1 and scripts.count("tools/rewrite/distil.py") == 2
    assert scripts.count("net/train.py") == 10  # which go on, or find nothing to do, by themselves
