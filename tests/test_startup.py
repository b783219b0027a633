"""Commands read their options before what takes seconds is imported: help and wrong usage come at once."""

import subprocess
import sys

import pytest

from tests.helpers.annotated import IMAGE, POINTS
from tests.helpers.drawn import write_face
from tests.helpers.layout import ROOT

SLOW = ("tensorflow", "tensorboard", "google.protobuf", "matplotlib", "scipy", "pebble", "cv2", "numpy")
WITH_OPENCV = ("tools/make_records.py", "tools/make_scenes.py", "tools/evaluate.py")
COMMANDS = ("infer/run.py", "net/train.py", "net/train_detector.py", "export/freeze.py", "tools/bench.py")
PROGRAM = f"""
import runpy, sys
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    print(end.code, *(name for name in {SLOW} if name in sys.modules), file=sys.stderr)
"""


def ended(script: str, *options: str) -> str:
    """How a command ended: its exit code, and the slow packages that it had imported by then."""
    code = PROGRAM.replace("sys.argv[0]", repr(str(ROOT / script)))
    answer = subprocess.run([sys.executable, "-c", code, *options], capture_output=True, text=True, check=True)
    return answer.stderr.splitlines()[-1]


def wanted(script: str) -> str:
    return " cv2 numpy" if script in WITH_OPENCV else ""


@pytest.mark.parametrize("script", COMMANDS + WITH_OPENCV)
def test_help_imports_nothing_slow(script):
    assert ended(script, "--help") == f"0{wanted(script)}"


@pytest.mark.parametrize("script", COMMANDS + WITH_OPENCV)
def test_wrong_usage_imports_nothing_slow(script):
    assert ended(script, "--no-such-option") == f"2{wanted(script)}"


def test_records_and_their_audit_want_no_tensorflow(tmp_path):
    for number in range(2):
        write_face(tmp_path / "set", "AFW", f"AFW_{number}_1_0", IMAGE, {"pts_2d": POINTS}, None)
    out = str(tmp_path / "records")
    options = "--out", out, "--test-fraction", "0", "--no-report", "--workers", "1"
    assert ended("tools/make_records.py", str(tmp_path / "set"), *options) == "0 google.protobuf pebble cv2 numpy"
    assert ended("tools/make_records.py", "--audit", out) == "0 pebble cv2 numpy"
