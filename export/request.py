"""What a call of freeze.py asks for, in plain words: nothing here needs TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from export.decision import Decision

MODEL = "landmark"  # the name of a model that has no other: landmark.pb, landmark.json
FORMATS = ("pb", "pb16", "onnx", "tflite", "int8")  # the formats of `export.formats`, by name


@dataclass(frozen=True)
class FreezeRequest:
    """An export.

    run: folder of the run; model: a frozen model in its place; out: folder of the files;
    checkpoint: "best" or "last"; formats: names, the main one first; name: of the model, None for the usual one;
    records: to compare on, and terms: of use, None for those that the run or model has; decision: of a detector;
    summary: a frozen graph to describe, and nothing else; board: folder of the event file, if any.
    """

    run: Path
    model: Path | None
    out: Path
    checkpoint: str = "best"
    formats: tuple[str, ...] = ("pb",)
    name: str | None = None
    records: Path | None = None
    terms: str | None = None
    decision: Decision = Decision()
    summary: Path | None = None
    board: Path | None = None

    def opening_lines(self) -> Iterator[str]:
        """What is said before TensorFlow is imported, which takes up to a quarter of a minute."""
        if self.summary:
            yield f"summary: {self.summary}"
        else:
            yield f"model: {self.model}" if self.model else f"run: {self.run}, {self.checkpoint} checkpoint"
            yield f"to: {self.out}, as {', '.join(self.formats)}"
        yield "loading TensorFlow"


def format_names(text: str) -> tuple[str, ...]:
    """The formats that "pb16,onnx" names, in its order. Raises ValueError for an unknown or repeated one."""
    names = tuple(name.strip() for name in text.split(","))
    if len(set(names)) < len(names) or not set(names) <= set(FORMATS):
        raise ValueError(f"formats: found {text!r}, expected some of {','.join(FORMATS)}, each once")
    return names
