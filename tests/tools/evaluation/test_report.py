"""tools/evaluation/report.py: what the tables and the JSON say."""

import json
import math

from tools.evaluation import report
from tools.evaluation.report import EvaluationReport

UNKNOWN = {"test_fraction": None, "faces": None, "share": None, "fold": None, "trained_on": []}


def test_what_a_model_may_have_seen_is_said_with_its_sets_or_why_it_is_unknown():
    seen = {"test_fraction": 0.25, "faces": 12, "share": 0.75, "fold": None, "trained_on": ["a/x", "b/y"]}
    share, sets = "12 of 16 faces (75.0 %), by its test fraction 0.25", "a/x, b/y"
    assert report.seen_lines({"m.pb": seen, "f.pb": {**UNKNOWN, "fold": "1/3"}}, 16) == [
        f"- m.pb: at most {share}; it was trained on faces of {sets}",
        "- f.pb: unknown, for it was kept from fold 1/3 alone",
    ]


def test_files_are_written_with_the_plots_and_what_is_no_number_is_null(tmp_path):
    numbers = {"a": [math.nan, math.inf, 1.5, (2, None)], "b": {"c": -math.inf}}
    evaluation = EvaluationReport(numbers, "text\n", ["ced.png", "yaw.png"])
    files = report.write_report(evaluation, tmp_path, tmp_path / "copy")
    assert files == ["evaluation.md", "evaluation.json", "ced.png", "yaw.png"]
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "evaluation.json").read_bytes()
    page = (tmp_path / "evaluation.md").read_text()
    assert "text" in page and "](ced.png)" in page and "](yaw.png)" in page
    stored = json.loads((tmp_path / "evaluation.json").read_text())
    assert stored == {"a": [None, None, 1.5, [2, None]], "b": {"c": None}}
