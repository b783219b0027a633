"""The way from annotated faces to the weights that ship: commands take their options, each step the one before's."""

import json
import subprocess
from pathlib import Path

import pytest

from export import freeze
from net import train
from net.senet import Shape
from tools import commands, distil_records, make_records, train_weights

PARSERS = {
    "tools/make_records.py": make_records,
    "tools/distil_records.py": distil_records,
    "net/train.py": train,
    "export/freeze.py": freeze,
}


@pytest.fixture
def called(monkeypatch):
    """Every command as (script, its options as it reads them), without being run."""
    calls = []

    def call(script, *arguments, fine=(0,)):
        args = PARSERS[script].parse_args([str(argument) for argument in arguments])
        if "records" in script:
            args.out.mkdir(parents=True)
            (args.out / "manifest.json").write_text("{}")
        if script == "net/train.py":  # what --init looks for
            args.run.mkdir(parents=True, exist_ok=True)
            (args.run / "settings.json").write_text(json.dumps({"network": Shape().settings()}))
        calls.append((script, args))

    monkeypatch.setattr(train_weights, "call", call)
    return calls


def test_each_step_takes_what_the_one_before_made(called, tmp_path):
    work, out = tmp_path / "work", tmp_path / "model"
    assert train_weights.main(["a", "b", "--work", str(work), "--out", str(out)]) == 0
    scripts = [script for script, _ in called]
    more = ["net/train.py", "net/train.py", "export/freeze.py"]
    assert scripts == ["tools/make_records.py", *more, "tools/distil_records.py", *more[1:]]
    records, first, second, teacher, taught, pupil, model = (args for _, args in called)
    assert [str(source) for source in records.datasets] == ["a", "b"]
    assert (first.recipe, second.recipe, pupil.recipe) == ("real", "real_more", "real_taught")
    assert first.records == second.records == records.out == taught.records and pupil.records == taught.out
    assert first.init is None and second.init == first.run and pupil.init == second.run == teacher.run
    assert taught.teacher == [teacher.out / "landmark.pb"]
    assert (model.run, model.out, model.checkpoint) == (pupil.run, out, "last")
    assert [kind.name for kind in model.formats] == ["pb16"]


def test_sets_of_records_are_made_once(called, tmp_path):
    for _ in range(2):
        assert train_weights.main(["a", "--work", str(tmp_path)]) == 0
    scripts = [script for script, _ in called]
    assert scripts.count("tools/make_records.py") == scripts.count("tools/distil_records.py") == 1
    assert scripts.count("net/train.py") == 6  # which go on, or find nothing to do, by themselves


def test_a_step_that_fails_ends_it(monkeypatch, tmp_path, capsys):
    assert train_weights.main([str(tmp_path / "absent"), "--work", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "train_weights: tools/make_records.py ended with exit code 2\n"


def test_exit_codes_that_are_fine(tmp_path):
    script = tmp_path / "ends.py"
    script.write_text("import sys; sys.exit(1)")
    commands.call(Path(script), fine=(0, 1))
    with pytest.raises(subprocess.CalledProcessError):
        commands.call(Path(script))
