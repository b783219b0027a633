"""Proposes mirror partners for points of which nobody named them, from a set of records, as a scheme to accept.

    python tools/guess_partners.py data/records --out mine.json
    python tools/make_records.py DATASET --scheme mine.json

The scheme is written to mine.json and shown in mine.png: look at it before you use it. Where a point has no partner,
no face can be mirrored, and the scheme has none.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

from infer import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

from infer.files.atomic import write_text_atomically
from infer.files.console import speak_plainly
from records.shards import checked_manifest
from tools.make.partners import draw_partners, in_words, mean_face, partners_of, proposed
from tools.make.report import read_faces


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, metavar="RECORDS", help="folder that make_records.py wrote")
    help_out = "the scheme, under the file's name; the picture lies beside it"
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json", help=help_out)
    args = parser.parse_args(argv)
    if args.out.suffix != ".json":
        parser.error(f"--out: found {args.out}, expected FILE.json")
    return args


def guess(records: Path, out: Path) -> bool:
    """Writes the scheme and its picture, and says what is in them; whether every point has a partner."""
    manifest = checked_manifest(records)
    faces = read_faces(records, manifest)
    found = partners_of(mean_face(faces.labels))
    scheme = proposed(out.stem, manifest.scheme, found)
    out.parent.mkdir(parents=True, exist_ok=True)
    draw_partners(found, faces, out.with_suffix(".png"))
    write_text_atomically(out, json.dumps(scheme.document(), indent=1) + "\n")
    print("\n".join(in_words(found)))
    print(f"written: {out} (look at {out.with_suffix('.png')})")
    return bool(scheme.flip)


def main(argv=None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        return 0 if guess(args.records, args.out) else 1
    except (ValueError, OSError) as error:
        print(f"guess_partners: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
