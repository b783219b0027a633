"""tools/bench.py: which section measures what, and the pages; nothing is measured here."""

import pytest

from tools import bench
from tools.measure import sections


@pytest.fixture
def calls(monkeypatch):
    """What was run, as (script, arguments...) of text; every script prints progress, a table and a further line."""
    calls = []

    def run(script, *arguments):
        calls.append((script, *map(str, arguments)))
        return f"11/122 faces, 1/s, 1:43 left\n| {script} |\n|---|\n| row |\nskipped: x\n"

    monkeypatch.setattr(sections, "run", run)
    return calls


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


def test_a_section_that_fails_is_named_and_the_others_are_measured(tmp_path, monkeypatch, capsys):
    def output(script, *arguments, **options):
        if "training" in script:
            raise ValueError(f"{script}: no memory")
        return "| table |"

    monkeypatch.setattr(sections, "output_of", output)
    assert bench.main(["--out", str(tmp_path), "--only", "training", "formats"]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["formats.md"]
    assert capsys.readouterr().err == "bench: training: tools/measure/training.py: no memory\n"
