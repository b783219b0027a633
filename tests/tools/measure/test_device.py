"""tools/measure/device.py: a row of the table, and the names of machines; times are not asserted."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.layout import ROOT
from tools import bench
from tools.measure import device, sections


def written(root, name: str, text: str):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return root


def test_machines_are_called_by_board_or_processor(tmp_path, monkeypatch):
    monkeypatch.setattr(device.sys, "platform", "linux")
    monkeypatch.setattr(device.platform, "processor", lambda: "")
    monkeypatch.setattr(device.platform, "machine", lambda: "aarch64")
    assert device.processor(tmp_path) == "aarch64"
    written(tmp_path, "proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 108.00\nCPU part\t: 0xd08\n")
    assert device.processor(tmp_path) == "aarch64"
    written(tmp_path, "proc/cpuinfo", "processor\t: 0\nmodel name\t: Some(R)   CPU  @ 2.80GHz\nflags\t: sse2\n")
    assert device.processor(tmp_path) == "Some(R) CPU @ 2.80GHz"
    written(tmp_path, "proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")
    assert device.processor(tmp_path) == "Raspberry Pi 5 Model B Rev 1.0"


def test_the_median_of_the_calls_that_count(monkeypatch):
    # seconds of each call: the first ones warm up, one is an outlier
    spent = [9] * device.WARM + [0.003] * (device.CALLS - 1) + [5]
    clock = iter(np.cumsum([[0, one] for one in spent]))
    monkeypatch.setattr(device.time, "perf_counter", lambda: next(clock))
    assert device.milliseconds(lambda: None) == pytest.approx(3)


def test_pictures_of_the_whole_command_by_the_second(monkeypatch, tmp_path):
    def output_of(script, folder, *options):
        names = {path.name for path in device.Path(folder).iterdir()}
        assert script == "infer/run.py" and len(names) == 4 * 5 and options[:3] == ("--model", tmp_path, "--no-draw")

    clock = iter((100.0, 108.0))
    monkeypatch.setattr(device, "COPIES", 5)
    monkeypatch.setattr(device, "output_of", output_of)
    monkeypatch.setattr(device.time, "perf_counter", lambda: next(clock))
    assert device.rate_of(tmp_path) == 4 * 5 / 8


def test_a_row_fits_the_table_of_the_docs(monkeypatch, capsys):
    monkeypatch.setattr(device, "CALLS", 1)
    monkeypatch.setattr(device, "WARM", 0)
    monkeypatch.setattr(device, "rate_of", lambda model: {"landmark.pb": 12.34, "landmark_small.pb": 56.78}[model.name])
    assert device.main([]) == 0
    (row,) = capsys.readouterr().out.splitlines()
    head = next(line for line in (ROOT / "docs/devices.md").read_text().splitlines() if line.startswith("| processor"))
    assert row.count("|") == head.count("|")
    cells = re.findall(r"([\d.]+) ms, ([\d.]+) ms, ([\d.]+)/s", row)
    assert [cell[2] for cell in cells] == ["12.3", "56.8"] and all(float(cell[0]) < float(cell[1]) for cell in cells)


def test_pictures_without_faces_are_told(monkeypatch, capsys):
    blind = SimpleNamespace(detect=lambda image: [])
    monkeypatch.setattr(device, "Landmarker", lambda model: blind)
    assert device.main([]) == 2
    assert "images: found no face in the pictures, expected one" in capsys.readouterr().err


def test_bench_prints_the_row_and_writes_no_page(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sections, "output_of", lambda script: f"| {script} |\n")
    assert bench.main(["--only", "device", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "| tools/measure/device.py |\n" and list(tmp_path.iterdir()) == []
