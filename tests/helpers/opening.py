"""What a program says before TensorFlow is imported: here its import ends it."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.helpers.layout import ROOT

ENDED = 7  # exit code
PROGRAM = """
import runpy, sys

class Ending:
    def find_spec(self, name, *others):
        if name == "tensorflow":
            print("tensorflow", flush=True)
            sys.exit(7)

sys.meta_path.insert(0, Ending())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def said(script: str, *options: object, environment=None, code: int = ENDED) -> list[str]:
    """What the lines on standard output begin with until TensorFlow is imported, or the program ends by itself."""
    command = [sys.executable, "-c", PROGRAM, str(ROOT / script), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | (environment or {}))
    assert done.returncode == code, done.stderr
    return [line.partition(":")[0] for line in done.stdout.splitlines()]
