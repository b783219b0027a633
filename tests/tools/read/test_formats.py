import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.helpers.annotated import (
    POINTS,
    write_csv,
    write_dlib,
)
from tools.read import formats

NAMES = ["300w-lp", "aflw2000", "pts", "wflw", "dlib", "coco", "labelme", "cvat", "csv", "openface", "kaggle", "labels"]


def test_the_worker_processes_load_no_tensorflow():
    code = "import sys; import tools.make_records, tools.make.cut; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == 0


def test_a_format_is_told_or_given(tmp_path):
    path = write_csv(tmp_path, [POINTS])
    for format in (None, "csv"):
        (item,) = formats.find(path, "set", format)
        assert item.format == "csv" and formats.read(item, "pts_2d").points.shape == (68, 2)
    with pytest.raises(ValueError, match="found malformed XML"):
        formats.find(path, "set", "dlib")


def test_what_is_no_set_or_two(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: found no such file or folder"):
        formats.detect(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=f"found no format that fits, expected one of {', '.join(NAMES)}; --format"):
        formats.detect(tmp_path)
    write_csv(tmp_path, [POINTS])
    write_dlib(tmp_path, [POINTS])
    with pytest.raises(ValueError, match=r"found more than one format that fits \(dlib, csv\)"):
        formats.detect(tmp_path)
    assert formats.find(tmp_path, "set", "dlib")[0].format == "dlib"
    with pytest.raises(ValueError, match="format: found 'xls'"):
        formats.find(tmp_path, "set", "xls")
