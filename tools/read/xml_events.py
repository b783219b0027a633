"""XML files of annotations, read without building a tree and without what a hostile one could make of it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree


class Events:
    """What takes the events of a file: `start`, `data` and `end` are for those that are wanted to override."""

    def __init__(self, file: Path):
        self.file = file

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        # the standard library expands the entities that a DOCTYPE defines, a few lines to gigabytes; one refused as it
        # begins leaves none to expand, without the package defusedxml, which does no more here. No annotation tool
        # writes one
        raise ValueError(f"{self.file}: found a DOCTYPE, expected none (it could define entities without end)")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def data(self, text: str) -> None:
        """A piece of the text in an element."""

    def end(self, tag: str) -> None:
        """An element ends."""


def feed(events: Events, expected: str) -> None:
    """Gives the events of their file to them. Raises ValueError for one that is no XML, or declares a DOCTYPE.

    expected: what errors expect instead.
    """
    parser = ElementTree.XMLParser(target=events)
    try:
        with events.file.open("rb") as stream:
            while chunk := stream.read(1 << 16):
                parser.feed(chunk)
        parser.close()
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError(f"{events.file}: found malformed XML ({error}), expected {expected}") from None
