"""The way from annotated faces to the weights that ship: commands take their options, each step the one before's."""

import pytest

from net.parser import parse
from tests.helpers.commands import record_calls, scripts_of
from tests.helpers.runs import make_run
from tools import train_weights
from tools.weights import steps

LAST = ["net/train.py", "net/train.py", "export/freeze.py", "tools/fit_constants.py"]
TAUGHT = ("real_taught", "real_taught_more")


@pytest.fixture
def called(monkeypatch):
    """Every command as (script, its options as it reads them), without being run."""

    def records(args):
        args.out.mkdir(parents=True)
        (args.out / "manifest.json").write_text("{}")

    def run(plan):  # what --init looks for
        make_run(plan.run.folder.path)

    rewritten = {f"tools/rewrite/{name}.py": records for name in ("distil", "teach", "join")}
    made = {"tools/make_records.py": records, **rewritten, "net/train.py": run}
    return record_calls(monkeypatch, steps, made)


def recipe_of(plan):
    """The recipe that a plan's settings are those of."""
    names = ("real", "real_more", *TAUGHT, "real_polished", "real_upright", "sure")
    plans = {name: parse("", ["--recipe", name]) for name in names}
    (found,) = [name for name, one in plans.items() if (one.settings, one.length) == (plan.settings, plan.length)]
    return found


def test_each_step_takes_what_the_one_before_made(called, tmp_path):
    work, out = tmp_path / "work", tmp_path / "model"
    assert train_weights.main(["a", "b", "--work", str(work), "--out", str(out)]) == 0
    lesson = ["export/freeze.py", "tools/rewrite/distil.py", "net/train.py"]
    scripts = scripts_of(called)
    assert scripts == ["tools/make_records.py", "net/train.py", "net/train.py", *2 * lesson, *LAST]
    records, first, second, *lessons, polished, sure, model, errors = (args for _, args in called)
    assert [str(source) for source in records.datasets] == ["a", "b"]
    assert (recipe_of(first), recipe_of(second)) == ("real", "real_more")
    assert first.start is None and second.start == first.run.folder.path
    assert first.task.records.folder == second.task.records.folder == records.out
    before, teachers = second, []
    rounds = dict(zip(TAUGHT, (lessons[:3], lessons[3:]), strict=True))
    for recipe, (teacher, taught, pupil) in rounds.items():
        teachers = [teacher.out / "landmark.pb", *teachers]
        assert teacher.run == pupil.start == before.run.folder.path and recipe_of(pupil) == recipe
        assert taught.records == records.out and taught.teacher == teachers and pupil.task.records.folder == taught.out
        before = pupil
    assert len(teachers) == len(set(teachers)) == 2
    assert (recipe_of(polished), polished.start) == ("real_polished", before.run.folder.path)
    assert polished.task.records.folder == before.task.records.folder
    assert (recipe_of(sure), sure.start, sure.task.own.learn) == ("sure", polished.run.folder.path, "spread")
    assert sure.task.records.folder == records.out  # the labels as they were given
    assert (model.run, model.out, model.checkpoint) == (sure.run.folder.path, out, "last")
    assert (errors.constants, errors.model, errors.out) == ("errors", out / "landmark.pb", out / "landmark.json")
    assert [str(source) for source in errors.data] == ["a", "b"]
    assert list(model.formats) == ["pb16"]


UPRIGHT = ["tools/make_records.py", "tools/rewrite/distil.py", "tools/make_records.py", "tools/rewrite/teach.py"]
UPRIGHT += ["tools/rewrite/join.py", *LAST]
FIVE = ["--five", "five.jsonl", "--terms", "mine"]


def test_faces_of_five_points_are_taught_and_learnt_on_upright_crops(called, tmp_path):
    contract = train_weights.ROOT / "infer" / "landmark.json"
    assert train_weights.main(["a", "b", *FIVE, "--work", str(tmp_path), "--init", str(contract)]) == 0
    assert scripts_of(called) == UPRIGHT
    records, distilled, five, taught, joined, pupil, sure, model, _ = (args for _, args in called)
    assert records.upright and five.upright and [str(path) for path in records.datasets] == ["a", "b"]
    assert [str(path) for path in five.datasets] == ["five.jsonl"]
    assert (distilled.records, taught.records) == (records.out, five.out)
    assert distilled.teacher == taught.teacher == [contract.with_name("landmark.pb")]
    assert joined.records == [distilled.out, taught.out]
    assert (recipe_of(pupil), pupil.start, pupil.task.records.folder) == ("real_upright", contract, joined.out)
    assert (sure.start, sure.task.records.folder) == (pupil.run.folder.path, records.out)
    assert (model.run, model.terms) == (sure.run.folder.path, "mine")


def test_after_all_lessons_the_last_network_teaches_them(called, tmp_path):
    assert train_weights.main(["a", *FIVE, "--work", str(tmp_path / "work")]) == 0
    *_, polished, teacher, _, distilled, _, taught, _, pupil, _, _, _ = (args for _, args in called)
    assert scripts_of(called)[-len(UPRIGHT) - 1 :] == ["export/freeze.py", *UPRIGHT]
    assert teacher.run == polished.run.folder.path == pupil.start
    assert distilled.teacher == taught.teacher == [teacher.out / "landmark.pb"]


def test_goes_on_from_a_model(called, tmp_path):
    contract = train_weights.ROOT / "infer" / "landmark.json"
    assert train_weights.main(["a", "--work", str(tmp_path), "--init", str(contract)]) == 0
    scripts = scripts_of(called)
    assert scripts == ["tools/make_records.py", "tools/rewrite/distil.py", "net/train.py", *LAST]
    _, taught, pupil, polished, sure, model, _ = (args for _, args in called)
    assert taught.teacher == [contract.with_name("landmark.pb")]
    assert (recipe_of(pupil), pupil.start, pupil.task.records.folder) == ("real_taught_more", contract, taught.out)
    assert (polished.start, polished.task.records.folder) == (pupil.run.folder.path, taught.out)
    assert (sure.start, model.run) == (polished.run.folder.path, sure.run.folder.path)
