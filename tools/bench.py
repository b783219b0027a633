"""Measures speed and accuracy and writes a page for each section into docs/benchmarks/.

make bench [DATA="300W 300W_LP"] [PHOTOS=DIR] [MASKS=masks.jsonl] [ONLY="roll pose"]

Rates are ratios within one run, for machines are noisy. A page is written whole: what follows from it stands in
BENCHMARKS.md and the other documents.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer.files.atomic import write_text_atomically
from infer.files.console import speak_plainly
from tools.measure.sections import SECTIONS, Bench

PAGES = ROOT / "docs" / "benchmarks"
WIDTH = 120  # letters a line, of prose


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--count", type=int, default=1000, help="drawn faces to measure with (default: %(default)s)")
    help_data = "real data sets to measure on as well (default: drawn ones only)"
    add("--data", nargs="*", type=Path, default=[], metavar="DATASET", help=help_data)
    add("--photos", type=Path, metavar="DIR", help="photos marked in dlib's XML, for detection as well")
    add("--masks", type=Path, metavar="FILE", help="faces with masks and without, for errors as well")
    add("--only", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    add("--out", type=Path, default=PAGES, metavar="DIR", help="folder for the pages (default: docs/benchmarks)")
    args = parser.parse_args(argv)
    if unknown := set(args.only or ()) - set(SECTIONS):
        parser.error(f"--only: found {', '.join(sorted(unknown))}, expected some of {', '.join(SECTIONS)}")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        photos, masks = (path and path.resolve() for path in (args.photos, args.masks))
        bench = Bench([path.resolve() for path in args.data], photos, masks, args.count, Path(folder))
        for name in args.only or SECTIONS:
            try:
                if not (text := SECTIONS[name].measure(bench)):
                    print(f"{name}: left out, it wants real faces (DATA, PHOTOS)", flush=True)
                elif SECTIONS[name].page:
                    write_page(args.out, name, text)
                else:
                    print(text.strip(), flush=True)
            except (ValueError, OSError) as error:
                failed += 1
                print(f"bench: {name}: {error}", file=sys.stderr, flush=True)
    return 1 if failed else 0


def write_page(folder: Path, name: str, text: str) -> None:
    """Writes a section's page, <name>.md: title, what was measured, the command, the tables."""
    section = SECTIONS[name]
    command = f"make bench {section.needs + ' ' if section.needs else ''}ONLY={name}"
    about = textwrap.fill(f"Written by `{command}`. {section.about}", WIDTH, break_on_hyphens=False)
    page = f"# {section.title}\n\n{about}\n\n{text.strip()}\n"
    folder.mkdir(parents=True, exist_ok=True)
    write_text_atomically(folder / f"{name}.md", page)
    print(f"{text.strip()}\nwritten: {folder / name}.md", flush=True)


if __name__ == "__main__":
    sys.exit(main())
