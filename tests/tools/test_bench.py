import os
import subprocess
import sys

import pytest

from tools import bench


def test_a_section_is_replaced_and_the_rest_kept(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- speed -->\nold\n<!-- /speed -->\nafter <!-- other --><!-- /other -->\n")
    bench.write_section(page, "speed", "\nnew\nlines\n\n")
    assert page.read_text() == (
        "before\n<!-- speed -->\nnew\nlines\n<!-- /speed -->\nafter <!-- other --><!-- /other -->\n"
    )
    assert capsys.readouterr().out == "new\nlines\n"


@pytest.mark.parametrize("text", ["nothing", "<!-- speed --> no end", "no begin <!-- /speed -->"])
def test_a_page_without_the_section_is_refused_and_left_alone(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(ValueError, match="page.md: found no section <!-- speed -->"):
        bench.write_section(page, "speed", "new")
    assert page.read_text() == text


def test_the_evaluation_comes_without_plots_and_with_lower_headings(tmp_path, monkeypatch):
    def written(script, model, *rest):
        assert (script, model) == ("tools/evaluate.py", bench.ROOT / "infer" / "landmark.pb")
        assert rest[-5:] == ("--data", tmp_path / "a", tmp_path / "b", "--out", tmp_path)
        text = f"# Evaluation\n\n9 faces\n\n## NME\n\n| {model} | 3 |\n\n![ced.png](ced.png)\n"
        (tmp_path / "evaluation.md").write_text(text)

    monkeypatch.setattr(bench, "run", written)
    text = bench.bench_evaluation([tmp_path / "a", tmp_path / "b"], tmp_path)
    assert text == "\n9 faces\n\n### NME\n\n| infer/landmark.pb | 3 |\n"
    assert bench.bench_evaluation([], tmp_path) == ""


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="needs Linux's /proc")
def test_memory_counts_children_and_grandchildren():
    megabytes = 60
    inner = f"x = bytearray({megabytes} << 20); x[::4096] = b'1' * len(x[::4096]); print('ready', flush=True); input()"
    outer = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    with subprocess.Popen(
        [sys.executable, "-c", outer, inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        family = bench.descendants(os.getpid())
        held = sum(map(bench.resident, family))
        process.communicate("\n")
    assert process.pid in family and len(family) >= 2
    assert megabytes << 20 < held < (megabytes + 60) << 20
    assert bench.resident(2**22 + 1) == 0 and bench.descendants(2**22 + 1) == []


def test_the_committed_page_has_the_sections():
    text = bench.PAGE.read_text()
    for name in bench.SECTIONS:
        assert f"<!-- {name} -->" in text and f"<!-- /{name} -->" in text


def test_tables_of_faces_come_without_progress(monkeypatch, tmp_path):
    calls = []

    def run(script, *arguments):
        calls.append((script, *map(str, arguments)))
        return "11/122 faces, 1/s, 1:43 left\n| head |\n|---|\n| row |\nskipped: x\n"

    monkeypatch.setattr(bench, "run", run)
    drawn = bench.Bench([tmp_path / "a", tmp_path / "b"], tmp_path / "photos", 3, tmp_path)
    tables = {bench.SECTIONS[name](drawn) for name in ("detection", "limits", "roll", "pose", "video")}
    assert tables == {"| head |\n|---|\n| row |"}
    assert calls[0][1:] == ("--data", *(str(tmp_path / name) for name in "ab"), "--photos", str(tmp_path / "photos"))
    assert calls[1][1:] == tuple(str(tmp_path / name) for name in "ab")
    assert [call[1] for call in calls[2:]] == [str(tmp_path / name) for name in ("a", "b", "a")]
    assert bench.bench_detection(bench.Bench([tmp_path], None, 3, tmp_path)) and "--photos" not in calls[5]


def test_some_sections_alone_and_what_wants_real_faces_is_said(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text("<!-- roll -->old<!-- /roll --> <!-- batches -->old<!-- /batches -->")
    monkeypatch.setattr(bench, "run", lambda script, *arguments: f"| {script} |")
    assert bench.main(["--page", str(page), "--only", "batches", "roll"]) == 0
    assert page.read_text() == (
        "<!-- roll -->old<!-- /roll --> <!-- batches -->\n| tools/measure/batches.py |\n<!-- /batches -->"
    )
    assert "roll: left out, it wants real faces" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        bench.main(["--only", "speed"])
    assert stop.value.code == 2 and "--only: found speed, expected some of records" in capsys.readouterr().err


def test_drawn_faces_are_made_once(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(bench, "run", lambda *command: calls.append(command))
    drawn = bench.Bench([], None, 7, tmp_path)
    assert drawn.faces == drawn.faces == tmp_path / "faces"
    assert calls == [("tools/make_faces.py", "--count", 7, "--out", tmp_path / "faces")]
