"""Commands read their options before what takes seconds is imported: help and wrong usage come at once."""

import subprocess
import sys

import pytest

from tests.helpers.layout import ROOT

SLOW = ("tensorflow", "tensorboard", "google.protobuf", "matplotlib", "scipy")
COMMANDS = ("net/train.py", "net/train_detector.py")
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


@pytest.mark.parametrize("script", COMMANDS)
def test_help_imports_nothing_slow(script):
    assert ended(script, "--help") == "0"


@pytest.mark.parametrize("script", COMMANDS)
def test_wrong_usage_imports_nothing_slow(script):
    assert ended(script, "--no-such-option") == "2"
