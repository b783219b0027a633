"""tools/evaluation/report.py: what the tables and the JSON say."""

import json
import math

import pytest

from tests.helpers.answers import made_up
from tools.evaluation import report, tables
from tools.evaluation.report import EvaluationReport, markdown_table

UNKNOWN = {"test_fraction": None, "faces": None, "share": None, "fold": None, "trained_on": []}


@pytest.fixture(scope="module")
def document():
    measured = made_up()
    every = tables.measures(measured)
    cost = {
        "bytes": 5_400_000,
        "parameters": 1_360_000,
        "multiply_adds": 82_300_000,
        "memory": 1.4e8,
        "memory_added": 8e7,
    }
    speed = [
        {"model": model, "threads": threads, "batch": batch, "milliseconds": 3.0 * factor, "ratio": factor}
        for model, factor in (("first.pb", 1.0), ("other/second.onnx", 2.0))
        for threads in (1, 2)
        for batch in (1, 32)
    ]
    return {
        "data": ["a", "b"],
        "points": "pts_2d",
        "split": "test",
        "test_fraction": 0.1,
        "split_from": "contract",
        "seen": {
            "first.pb": {"test_fraction": 0.1, "faces": 0, "share": 0.0, "fold": None, "trained_on": ["a/x"]},
            "other/second.onnx": dict(UNKNOWN, trained_on=["b/y"]),
        },
        "draws": 3,
        "scheme": "ibug68",
        "faces": 14,
        "sources": 7,
        "rows": tables.accuracy_rows(every),
        "measures": every,
        "boxes": tables.box_rows(measured),
        "differences": tables.differences(measured),
        "costs": {"first.pb": cost, "other/second.onnx": {**cost, "memory": None, "memory_added": None}},
        "speed": speed,
    }


def lines_of(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def test_a_table_has_two_digits_and_no_empty_column():
    rows = [["x", 3, 1.239, math.nan, ""], ["y", 4, math.nan, math.nan, ""]]
    assert markdown_table(["name", "n", "a", "b", "c"], rows) == (
        "| name | n | a |\n| --- | --- | --- |\n| x | 3 | 1.24 |\n| y | 4 |  |"
    )
    assert markdown_table(["name"], []) == "" and markdown_table(["n"], [[-0.001]]) == "| n |\n| --- |\n| 0.00 |"


def test_the_page_holds_the_numbers(document):
    text = report.markdown(document)
    split = "split test (test fraction 0.1, as the models' contracts say)"
    assert text.startswith(f"14 faces of 7 sources from a, b; {split}, points pts_2d, ibug68.")
    assert "- first.pb: at most 0 of 14 faces (0.0 %), by its test fraction 0.1\n" in text
    assert "- other/second.onnx: unknown, for its contract names no split; it was trained on faces of b/y\n" in text
    row = document["rows"][0]
    assert f"| first.pb | all | 14 | {row['inter_ocular, 1 pass']:.2f} | {row['inter_ocular, 2 pass']:.2f} [" in text
    mean = document["rows"][1]
    keys = [f"{norm}, {passes} pass" for norm in ("inter_ocular", "inter_pupil", "box") for passes in (1, 2)]
    assert f"| first.pb | all, mean of yaw bins | 12 | {' | '.join(f'{mean[key]:.2f}' for key in keys)} |" in text
    (one,) = [
        one
        for one in document["measures"]
        if (one["model"], one["boxes"], one["passes"], one["norm"], one["faces of"])
        == ("first.pb", "true", 2, "box", "all")
    ]
    assert f"| first.pb | box | {one['mean']:.2f} [{one['low']:.2f}, {one['high']:.2f}] | {one['median']:.2f} |" in text
    groups = " | ".join(f"{value:.2f}" for value in one["groups"].values())
    assert f"| first.pb | {groups} |" in text and "| jaw | brows | nose | eyes | mouth | without jaw |" in text
    assert "| first.pb | 5.40 | 1.36 | 82.30 | 140 (80) | 3.00 (1.00) |" in text
    assert "| other/second.onnx | 5.40 | 1.36 | 82.30 |  | 6.00 (2.00) |" in text


def test_boxes_show_missed_and_invented_and_how_they_were_drawn(document):
    text = report.boxes(document["boxes"], 3)
    assert [line.split(" | ")[-2:] for line in lines_of(text, "| first.pb | all |")] == [["1", "2 |"]] * 2
    assert len(lines_of(text, "| mean shape | all |")) == 1  # its passes are alike
    assert lines_of(text, "| first.pb | b/y | 2 |") and "yaw" not in text
    assert "3 boxes a face" in text and "±10 %" in text and "0.85 to 1.2" in text
    bare = report.boxes(tables.box_rows(made_up(detector=False, draws=0)), 0)
    assert "Shifted" not in bare and "Detector" not in bare


def test_differences_have_signs(document):
    text = report.differences(document["differences"])
    (row,) = [
        row
        for row in document["differences"]
        if (row["model"], row["norm"], row["faces of"]) == ("other/second.onnx", "box", "all")
    ]
    assert f"+{row['mean']:.2f} [+{row['low']:.2f}, +{row['high']:.2f}] |" in text


def test_a_single_subset_is_not_shown_twice(document):
    rows = [{"faces of": name} for name in ("all", "all, yaw 0-30", "a/x", "a/x, yaw 0-30")]
    assert [row["faces of"] for row in report.without_repeats(rows)] == ["all", "all, yaw 0-30"]
    rows.append({"faces of": "b/y"})
    assert report.without_repeats(rows) == rows


def test_what_a_model_may_have_seen_is_said_with_its_sets_or_why_it_is_unknown():
    seen = {"test_fraction": 0.25, "faces": 12, "share": 0.75, "fold": None, "trained_on": ["a/x", "b/y"]}
    share, sets = "12 of 16 faces (75.0 %), by its test fraction 0.25", "a/x, b/y"
    assert report.seen_lines({"m.pb": seen, "f.pb": {**UNKNOWN, "fold": "1/3"}}, 16) == [
        f"- m.pb: at most {share}; it was trained on faces of {sets}",
        "- f.pb: unknown, for it was kept from fold 1/3 alone",
    ]


def test_files_are_written_with_the_plots(document, tmp_path):
    numbers = {"a": [math.nan, math.inf, 1.5, (2, None)], "b": {"c": -math.inf}}
    evaluation = EvaluationReport(document | numbers, "text\n", ["ced.png", "yaw.png"])
    files = report.write_report(evaluation, tmp_path, tmp_path / "copy")
    assert files == ["evaluation.md", "evaluation.json", "ced.png", "yaw.png"]
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "evaluation.json").read_bytes()
    page = (tmp_path / "evaluation.md").read_text()
    assert page == "# Evaluation\n\ntext\n\n![ced.png](ced.png)\n\n![yaw.png](yaw.png)\n"
    stored = json.loads((tmp_path / "evaluation.json").read_text())
    assert stored["rows"][0] == document["rows"][0] and stored["faces"] == 14
    assert (stored["a"], stored["b"]) == ([None, None, 1.5, [2, None]], {"c": None})
