"""Trains a face detector on scenes and keeps its run in a folder: checkpoints, TensorBoard events, settings.

    python net/train_detector.py --records DIR --run DIR [--steps N]

The same command again goes on where it stopped, and ends with the weights of a run that was never interrupted. Ctrl-C
saves first. TensorBoard: `make board`. Scenes are made by tools/make_scenes.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.console import speak_plainly
from net import program
from net.detector.kind import DETECTOR_RUNS
from net.detector.options import DETECTOR_OPTIONS
from net.parser import parse
from net.training.plan import Plan


def parse_args(argv: list[str] | None = None) -> Plan:
    return parse(__doc__, argv, DETECTOR_OPTIONS)


def main(argv: list[str] | None = None) -> int:
    speak_plainly()
    return program.run(parse_args(argv), DETECTOR_RUNS, sys.argv[1:] if argv is None else argv, __file__)


if __name__ == "__main__":
    sys.exit(main())
