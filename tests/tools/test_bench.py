"""tools/bench.py: which section measures what, and the pages; nothing is measured here."""

import pytest

from tools import bench


@pytest.fixture
def calls(monkeypatch):
    """What was run, as (script, arguments...) of text; every script prints progress, a table and a further line."""
    calls = []

    def run(script, *arguments):
        calls.append((script, *map(str, arguments)))
        return f"11/122 faces, 1/s, 1:43 left\n| {script} |\n|---|\n| row |\nskipped: x\n"

    monkeypatch.setattr(bench, "run", run)
    return calls


def test_the_evaluation_comes_without_plots_and_the_places_of_files(tmp_path, monkeypatch):
    def written(script, model, *rest):
        assert (script, model) == ("tools/evaluate.py", bench.ROOT / "infer" / "landmark.pb")
        assert rest[-5:] == ("--data", tmp_path / "a", tmp_path / "b", "--out", tmp_path)
        text = f"# Evaluation\n\n9 faces\n\n## NME\n\n| {model} | 3 |\n\n![ced.png](ced.png)\n"
        (tmp_path / "evaluation.md").write_text(text)

    monkeypatch.setattr(bench, "run", written)
    text = bench.evaluation([tmp_path / "a", tmp_path / "b"], tmp_path)
    assert text == "\n9 faces\n\n## NME\n\n| infer/landmark.pb | 3 |\n"
    assert bench.evaluation([], tmp_path) == ""


def test_every_section_has_its_committed_page():
    for name, section in bench.SECTIONS.items():
        assert (bench.PAGES / f"{name}.md").read_text().startswith(f"# {section.title}\n\nWritten by `make bench ")


def test_sections_of_real_faces_take_their_sets_and_show_tables_alone(calls, tmp_path):
    first, last, photos = (tmp_path / name for name in ("a", "b", "photos"))
    real = bench.Bench([first, last], photos, 3, tmp_path)
    tables = [bench.SECTIONS[name].measure(real) for name in ("detection", "limits", "roll", "pose", "video")]
    assert all(table.splitlines()[1:] == ["|---|", "| row |"] for table in tables)
    both = (str(first), str(last))
    assert calls == [
        ("tools/measure/detection.py", "--data", *both, "--photos", str(photos)),
        ("tools/measure/limits.py", *both),
        ("tools/measure/roll.py", both[0]),
        ("tools/measure/pose.py", both[1]),
        ("tools/measure/video.py", both[0]),
    ]
    assert bench.detection(bench.Bench([first], None, 3, tmp_path)) and "--photos" not in calls[-1]


def test_some_sections_alone_and_what_wants_real_faces_is_said(calls, tmp_path, capsys):
    assert bench.main(["--out", str(tmp_path / "pages"), "--only", "batches", "roll"]) == 0
    (page,) = (tmp_path / "pages").iterdir()
    lines = page.read_text().splitlines()
    assert page.name == "batches.md" and lines[0] == f"# {bench.SECTIONS['batches'].title}"
    assert lines[2].startswith("Written by `make bench ONLY=batches`.") and "| tools/measure/batches.py |" in lines
    assert max(map(len, lines)) <= bench.WIDTH
    assert "roll: left out, it wants real faces" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        bench.main(["--only", "speed"])
    assert "--only: found speed, expected some of records" in capsys.readouterr().err


def test_drawn_faces_and_their_records_are_made_once(calls, tmp_path):
    drawn = bench.Bench([], None, 7, tmp_path)
    assert drawn.faces == drawn.faces == tmp_path / "faces" and drawn.records == drawn.records
    assert calls == [
        ("tools/make_faces.py", "--count", "7", "--out", str(tmp_path / "faces")),
        ("tools/make_records.py", f"{tmp_path}/faces:5", "--out", str(tmp_path / "records"), "--no-report"),
    ]


def test_a_section_that_fails_is_named_and_the_others_are_measured(tmp_path, monkeypatch, capsys):
    def output(script, *arguments, **options):
        if "training" in script:
            raise ValueError(f"{script}: no memory")
        return "| table |"

    monkeypatch.setattr(bench, "output_of", output)
    assert bench.main(["--out", str(tmp_path), "--only", "training", "formats"]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["formats.md"]
    assert capsys.readouterr().err == "bench: training: tools/measure/training.py: no memory\n"
