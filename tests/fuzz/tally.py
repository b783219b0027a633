"""What the scripts of this folder share: outcomes by damage, their Markdown table, options, the memory limit."""

from __future__ import annotations

import argparse
import resource
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 4 << 30  # bytes of address space a process; OpenCV's threads and libraries alone take 1 to 2
FAILED = "failures"


class Tally:
    """Outcomes by what is damaged and how, and a line for each failure: each outcome that is none of the known ones."""

    def __init__(self, *known: str):
        self.known = known
        self.rows: dict[tuple[str, str], Counter] = defaultdict(Counter)
        self.failures: list[str] = []

    def count(self, part: str, damage: str, found: str) -> None:
        self.rows[part, damage][found if found in self.known else FAILED] += 1
        if found not in self.known:
            self.failures.append(f"{part}, {damage}: {found}")

    def sum(self, part: str | None = None) -> Counter:
        """Outcomes of a part, or of all."""
        return sum((row for (one, _), row in self.rows.items() if part in (one, None)), Counter())

    def table(self) -> str:
        """In Markdown, the sum of each part below it."""
        columns = (*self.known, FAILED)
        lines = [f"| damaged | how | cases | {' | '.join(columns)} |", "|---|---|" + "---:|" * (1 + len(columns))]
        for part, damage, row in self._lines():
            numbers = [row.total(), *(row[column] for column in columns)]
            lines.append(f"| {part} | {damage} | {' | '.join(f'{number:,}' for number in numbers)} |")
        return "\n".join(lines)

    def _lines(self) -> Iterator[tuple[str, str, Counter]]:
        for part in dict.fromkeys(part for part, _ in self.rows):
            yield from ((part, damage, row) for (one, damage), row in self.rows.items() if one == part)
            yield part, "**all**", self.sum(part)

    def report(self, notes: Iterable[str] = ()) -> int:
        """Prints the table, notes and failures. Returns the exit code."""
        print("\n".join([self.table(), "", *notes]))
        print("\n".join(self.failures), file=sys.stderr)
        return 1 if self.failures else 0


def parser_of(doc: str | None, count: int) -> argparse.ArgumentParser:
    """With the options that all scripts have; count: the default."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=count, help="damaged cases of each kind (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the generator (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes or threads (default: %(default)s)")
    return parser


def limit_memory() -> None:
    """Of this process and of those that it starts."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
