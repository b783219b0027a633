"""tools/measure/sections.py: what sections make of the tables of scripts; nothing is measured here."""

from pathlib import Path

from records.processor import Processor, onednn_on
from tools.measure import sections
from tools.measure.sections import Bench


def test_the_evaluation_comes_without_plots_and_the_places_of_files(tmp_path, monkeypatch):
    def written(script, model, *rest):
        assert (script, model) == ("tools/evaluate.py", sections.ROOT / "infer" / "landmark.pb")
        assert rest[-5:] == ("--data", tmp_path / "a", tmp_path / "b", "--out", tmp_path)
        text = f"# Evaluation\n\n9 faces\n\n## NME\n\n| {model} | 3 |\n\n![ced.png](ced.png)\n"
        (tmp_path / "evaluation.md").write_text(text)

    monkeypatch.setattr(sections, "run", written)
    text = sections.evaluation([tmp_path / "a", tmp_path / "b"], tmp_path)
    assert text == "\n9 faces\n\n## NME\n\n| infer/landmark.pb | 3 |\n"
    assert sections.evaluation([], tmp_path) == ""


def test_errors_are_measured_on_real_faces_and_shown_on_drawn_ones(tmp_path, monkeypatch):
    calls = []

    def run(script, *arguments):
        calls.append(arguments)
        return f"3/30 faces\n### Told\n\n| {len(calls)} |\n"

    monkeypatch.setattr(sections, "run", run)
    monkeypatch.setattr(Bench, "faces", tmp_path / "drawn")
    text = sections.errors(Bench([Path("a"), Path("b")], None, Path("m.jsonl"), 9, tmp_path))
    *models, drawn = calls
    assert [call[call.index("--model") + 1] for call in models] == sections.shipped()
    assert models[0][2:4] == ("--masks", Path("m.jsonl")) and "--masks" not in models[1]
    assert drawn[0] == tmp_path / "drawn" and drawn[-2] == "--sheet"
    assert "faces\n###" not in text and text.index("| 1 |") < text.index("## landmark_small") < text.index("| 2 |")
    assert sections.errors(Bench([], None, None, 9, tmp_path)) == ""


def test_training_is_measured_as_a_common_processor_would_do_it_too(monkeypatch):
    def run(script, *arguments, settings):
        assert (script, arguments) == ("tools/measure/training.py", ("--records", "there"))
        return f"| {settings.get('ONEDNN_MAX_CPU_ISA', 'all')} |\n"

    monkeypatch.setattr(sections, "run", run)
    first, second = sections.training("there").split("\n\n## ")
    assert first.endswith("| all |") and second.endswith("| AVX2 |")
    server = Processor(frozenset({"avx2", "avx512_vnni", "avx512_bf16"})).bounded(sections.AVX2)
    assert onednn_on(server, sections.AVX2).value == "1"  # TensorFlow itself would leave it off there
