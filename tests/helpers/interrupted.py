"""A training that Ctrl-C stops."""

import signal
from collections.abc import Callable, Sequence

import pytest

from net.run.reporter import Reporter


def interrupted(main: Callable, argv: Sequence[str], at: int) -> int:
    """Trains until Ctrl-C stops it at a step; returns the exit code."""
    line = Reporter.line

    def stop(self, step, found):
        line(self, step, found)
        if step == at:
            signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reporter, "line", stop)
        return main(argv)
