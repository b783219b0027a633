"""The installed command `landmark68`: `landmark68 serve` is the service, whatever else follows is for `run.py`."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code. A picture or folder named `serve` is `./serve`."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["serve"]:
        from . import serve  # each only when it is asked for

        return serve.main(argv[1:])
    from . import run

    return run.main(argv)
