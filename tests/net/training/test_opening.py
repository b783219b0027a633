"""What is said before anything is built. The program that says so before TensorFlow: tests/net/test_program.py."""

import json

import pytest

from net.model.shape import Shape
from net.parser import parse
from net.run.folder import LANDMARK_RUNS
from net.training import opening
from records.processor import ONEDNN, Processor
from tests.helpers.runs import make_run, settings_with

AVX2, AMX = Processor(frozenset({"avx2", "fpu"})), Processor(frozenset({"amx_bf16", "amx_tile"}))


@pytest.fixture
def opened(tmp_path, monkeypatch, capsys):
    """A function: flags of the processor, options, leads -> precision taken, the lines as {name: text}, in order."""
    monkeypatch.delenv(ONEDNN, raising=False)

    def run(processor: Processor, *options: str, leads: bool = True) -> tuple[str, dict[str, str]]:
        monkeypatch.setattr(opening, "this_processor", lambda: processor)
        argv = ["--records", str(tmp_path / "set"), "--run", str(tmp_path / "run"), "--batch", "7", "--steps", "90"]
        plan = opening.opened_by_words(parse("", [*argv, "--width", "24", *options]), LANDMARK_RUNS, leads)
        lines = capsys.readouterr().out.splitlines()
        return plan.settings.precision, dict(line.partition(":")[::2] for line in lines)

    return run


def test_the_lines_name_all_that_is_about_to_happen(opened, tmp_path):
    taken, lines = opened(AVX2)
    assert list(lines) == ["records", "run", "network", "steps", "precision", "processor", "building"]
    assert str(tmp_path / "set") in lines["records"] and str(tmp_path / "run") in lines["run"]
    assert "width 24" in lines["network"] and {"90", "7"} <= set(lines["steps"].replace(",", "").split())
    assert taken == "float32" and "float32" in lines["precision"]
    assert "avx2" in lines["processor"] and "fpu" not in lines["processor"] and "oneDNN on" in lines["processor"]


def test_a_start_and_a_slow_precision_have_lines_of_their_own(opened, tmp_path):
    start = make_run(tmp_path / "before")
    taken, lines = opened(AVX2, "--init", str(start), "--precision", "bfloat16")
    assert taken == "bfloat16" and set(lines) > {"start", "warning"} and str(start) in lines["start"]
    assert "warning" not in opened(AMX, "--precision", "bfloat16")[1]


def test_a_start_says_how_its_network_changes(opened, tmp_path):
    start = make_run(tmp_path / "before")
    start.write_settings(settings_with(Shape(width=16, depth=2, decoder=40)))
    (tmp_path / "mine.json").write_text(json.dumps({"depth": 1, "decoder": 48}))
    lines = opened(AVX2, "--init", str(start), "--recipe", str(tmp_path / "mine.json"))[1]
    assert lines["start"].endswith(": width 16 to 24, decoder 40 to 48")
    assert lines["start"].startswith(f" {start};") and "depth 2, " in lines["network"]
    assert opened(AVX2, "--init", str(start), "--width", "16")[1]["start"] == f" {start}"


def test_labels_aside_have_a_line_also_where_the_start_brings_them(opened, tmp_path):
    start = make_run(tmp_path / "before")
    start.write_settings(settings_with(Shape(label_offset=0.0035)))
    assert "0.0035 of the crop's side to the right" in opened(AVX2, "--init", str(start))[1]["labels"]
    assert "0.002 of the crop's side to the left" in opened(AVX2, "--label-offset=-0.002")[1]["labels"]
    assert "labels" not in opened(AVX2, "--init", str(start), "--label-offset", "0")[1]


def test_without_onednn_or_with_less_of_it_float32_is_taken(opened, monkeypatch):
    monkeypatch.setenv(ONEDNN, "0")
    taken, lines = opened(AMX)
    assert taken == "float32" and "oneDNN is off" in lines["precision"]
    assert "warning" in opened(AMX, "--precision", "bfloat16")[1]


def test_who_leads_goes_on_as_the_run_began_and_others_by_their_own_processors(opened, tmp_path):
    make_run(tmp_path / "run", precision="float32")
    assert opened(AMX)[0] == "float32"
    assert opened(AMX, leads=False)[0] == opened(AMX, "--overwrite")[0] == "bfloat16"
    new, old = (opened(AMX, *options)[1]["run"] for options in (["--overwrite"], []))
    assert new != old


def test_a_damaged_run_is_an_error_before_anything_is_said(opened, tmp_path, capsys):
    make_run(tmp_path / "run").path.joinpath("settings.json").write_text(json.dumps({"options": 3}))
    with pytest.raises(ValueError, match="settings.json: found .*, expected settings that this version reads"):
        opened(AVX2)
    assert capsys.readouterr().out == ""
