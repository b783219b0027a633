"""tools/measure/scale.py: the arithmetic of its tables; nothing is timed here."""

import json

import pytest

from tools.measure import scale

PRINTS = """
import sys
open(__file__ + ".told", "w").write(" ".join(sys.argv))
for step in range(10, 70, 10):
    print(f"step {step}/60  loss 1.0", flush=True)
sys.exit(CODE)
"""


def test_training_is_timed_by_its_reports(tmp_path, monkeypatch):
    script = tmp_path / "net" / "train.py"
    script.parent.mkdir()
    clock, moved = iter([0.0, 9.0, 10.0, 12.0, 14.0, 50.0]), iter([0.0, 0.0, 100.0, 300.0, 500.0, 900.0])
    monkeypatch.setattr(scale, "ROOT", tmp_path)
    monkeypatch.setattr(scale.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(scale, "loopback", lambda: next(moved))
    script.write_text(PRINTS.replace("CODE", "0"))
    assert scale.train(tmp_path, tmp_path / "run", 60, 64, ["--threads", 1]) == scale.Timed(0.2, 20.0)
    told = script.with_name("train.py.told").read_text().split()
    assert told[told.index("--batch") + 1] == "64" and told[told.index("--report-every") + 1] == str(scale.REPORT)
    script.write_text(PRINTS.replace("CODE", "2"))
    clock, moved = iter(range(6)), iter(range(6))
    with pytest.raises(ValueError, match="net/train.py: found exit code 2 and 6 reports"):
        scale.train(tmp_path, tmp_path / "run", 60, 64, [])


def test_training_is_timed_in_every_way(tmp_path, monkeypatch, capsys):
    timed = []

    def train(records, run_folder, steps, batch, options):
        timed.append((steps, batch, options))
        return scale.Timed(0.125, 1e6)

    monkeypatch.setattr(scale, "records_table", lambda *args: "")
    monkeypatch.setattr(scale, "check_beam", lambda python: None)
    monkeypatch.setattr(scale, "output_of", lambda *command: "")
    monkeypatch.setattr(scale, "train", train)
    assert scale.main([str(tmp_path), "--seeds", "0"]) == 0
    assert timed[0] == (120, 64, ["--threads", 2]) and timed[-1] == (120, 32, ["--threads", 1])
    assert len(timed) == 4
    out, count = capsys.readouterr().out, json.loads(scale.CONTRACT.read_text())["parameters"]
    assert "| 2 workers of 1 thread | 64 | 8.00 | 512 | 1.0 |" in out and "| 32 | 8.00 | 256 |  |" in out
    assert f"By the size of the model {12 * count / 1e6:.1f} MB a worker" in out


def test_records_rates_come_from_what_a_larger_set_takes_more(tmp_path, monkeypatch):
    calls = []

    def timed(python, dataset, out, options):
        assert dataset.startswith(str(tmp_path)) and options[-1] in (1, 2)
        calls.append(dataset)
        count = 400 if dataset.endswith(f":{scale.WEIGHT}") else 100
        hindered = 0 if len(calls) % 3 == 0 else 90  # every third call has the machine for itself
        return count, (10 if python == "beam" else 2) + count / (100 * options[-1]) + hindered

    monkeypatch.setattr(scale, "timed_records", timed)
    lines = scale.records_table(tmp_path, tmp_path, "beam").splitlines()
    assert lines[2:6] == [
        "| this machine alone | 1 | 100 | 2.0 |",
        "| this machine alone | 2 | 200 | 2.0 |",
        "| Apache Beam | 1 | 100 | 10.0 |",
        "| Apache Beam | 2 | 200 | 10.0 |",
    ]
    assert lines[-1] == "Beam makes 1.00 of the local rate with two processes."


@pytest.mark.parametrize("two, word", [(3.9, "within"), (4.1, "outside")])
def test_two_workers_are_held_against_the_spread_of_one(tmp_path, monkeypatch, two, word):
    one = {1: 3.0, 2: 3.5, 3: 2.5}
    monkeypatch.setattr(scale, "error_of", lambda records, run, seed, steps, workers: two if workers else one[seed])
    assert f", {word} the spread of one machine" in scale.comparison(tmp_path, tmp_path, 3, 400)
