"""Runtimes of `export.runtimes` that answer otherwise than they should."""

from export import parity


def answers_changed(monkeypatch, name, change) -> None:
    """From now on the runtime's answers go through `change`."""
    load = parity.RUNTIMES[name]
    monkeypatch.setitem(parity.RUNTIMES, name, lambda path: lambda images: change(load(path)(images)))
