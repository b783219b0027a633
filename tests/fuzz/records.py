"""Damages annotations and pictures in many ways and reads each as make_records.py does; prints a Markdown table.

python tests/fuzz/records.py [--count 10000] [--seed 1]

No file may end its worker process, keep it for over 5 seconds or take more than MEMORY of address space. Whatever is
still read with other values than before has to be what scipy reads from it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import struct
import sys
import tempfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np
import scipy.io
from pebble import ProcessPool
from tqdm import tqdm

from tests.helpers.drawn import draw_set
from tools.make.cut import SECONDS, Cut, CutSettings, cut_all, cut_chunk
from tools.read.face import BadSample, Item
from tools.read.marks import MAT_KEYS
from tools.read.matfile import read_mat

SHARED = ROOT.parent / "shared" / "data"
SETTINGS = CutSettings("pts_2d", 128, 0.15, 0, "raw")
MEMORY = 4 << 30  # bytes of address space a process; OpenCV's threads and libraries alone take 1 to 2
FACES = 60  # of each kind at most, that are damaged in turn
TABLE = "| input | damage | cases | read as before | read otherwise | skipped | crashes | hangs |"
EDGES = (0, 1, 2, 3, 7, 8, 255, 1 << 16, 1 << 20, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 8, (1 << 32) - 1)


@dataclass(frozen=True)
class Seed:
    """Sound files of one face: picture, `_pts.mat` or None, `NAME.mat` or None, as bytes."""

    picture: bytes
    own: bytes | None
    old: bytes | None


# Damage to MATLAB files: (generator, bytes) -> bytes. "Inside" means: inflated, damaged and compressed again, so that
# no checksum gives it away.


def elements(data: bytes) -> list[tuple[bool, bytes]]:
    """(was compressed, matrix with its tag) of every variable of a sound little-endian file."""
    found, at = [], 128
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        content = data[at : at + 8 + size]
        found.append((kind == 15, zlib.decompress(content[8:]) if kind == 15 else content))
        at += 8 + size
    return found


def joined(header: bytes, variables: list[tuple[bool, bytes]]) -> bytes:
    """The other way round."""
    packed = [(15, zlib.compress(inside)) if compressed else (None, inside) for compressed, inside in variables]
    return header[:128] + b"".join(
        inside if kind is None else struct.pack("<II", kind, len(inside)) + inside for kind, inside in packed
    )


def inside(data: bytes, rng: np.random.Generator, change: Callable[[bytearray], object]) -> bytes:
    """The file with one of its variables changed."""
    variables = elements(data)
    index = rng.integers(len(variables))
    compressed, content = variables[index]
    content = bytearray(content)
    change(content)
    variables[index] = compressed, bytes(content)
    return joined(data, variables)


def flipped(rng, data: bytes, most: int = 8) -> bytes:
    data = bytearray(data)
    for at in rng.integers(len(data), size=rng.integers(1, most + 1)):
        data[at] ^= 1 << rng.integers(8)
    return bytes(data)


def flipped_inside(rng, data):
    def change(content):
        content[:] = flipped(rng, bytes(content))

    return inside(data, rng, change)


def flipped_head(rng, data):
    return flipped(rng, data[:200]) + data[200:]


def cut(rng, data):
    return data[: rng.integers(len(data))]


def cut_inside(rng, data):
    def change(content):
        del content[rng.integers(len(content)) :]

    return inside(data, rng, change)


def inserted(rng, data):
    at = rng.integers(len(data) + 1)
    return data[:at] + rng.bytes(rng.choice([1, 2, 4, 8, 16, 1000])) + data[at:]


def removed(rng, data):
    at = rng.integers(len(data))
    return data[:at] + data[at + rng.choice([1, 2, 4, 8, 16, 100]) :]


def exchanged(rng, data):
    """Two blocks change places, or one stands twice."""
    a, b, size = *rng.integers(len(data), size=2), rng.choice([4, 8, 64])
    data = bytearray(data)
    data[a : a + size], data[b : b + size] = data[b : b + size], data[rng.choice([a, b]) :][:size]
    return bytes(data)


def number(rng) -> bytes:
    return struct.pack("<I", int(rng.choice(EDGES)) if rng.random() < 0.7 else int(rng.integers(1 << 32)))


def tags(content: bytes) -> list[int]:
    """Where the tags of a matrix of two dimensions stand: its own, flags, dimensions, name, numbers."""
    name = struct.unpack_from("<I", content, 40)[0]
    size = struct.unpack_from("<I", content, 44)[0]
    return [0, 8, 24, 40, 48 if name >> 16 else 48 + (size + 7) // 8 * 8]


def lengths_changed(rng, data):
    if rng.random() < 0.3:  # of a variable as it stands in the file
        data = bytearray(data)
        data[132:136] = number(rng)
        return bytes(data)

    def change(content):
        at = rng.choice(tags(content)) + 4
        content[at : at + 4] = number(rng)

    return inside(data, rng, change)


def dimensions_changed(rng, data):
    def change(content):
        at = rng.choice([32, 36])
        content[at : at + 4] = number(rng)
        if rng.random() < 0.3:  # as many numbers, shaped otherwise
            content[32:40] = struct.pack("<II", *[(1, 136), (136, 1), (4, 34), (2, 68), (68, 2)][rng.integers(5)])

    return inside(data, rng, change)


def types_changed(rng, data):
    def change(content):
        if rng.random() < 0.5:
            content[16] = rng.integers(256) if rng.random() < 0.2 else rng.integers(20)
            content[17] = rng.choice([0, 2, 4, 8, 255])
        else:
            at = rng.choice(tags(content))
            content[at : at + 4] = struct.pack("<HH", rng.integers(20), rng.choice([0, 0, 1, 4, 5, 65535]))

    return inside(data, rng, change)


def bomb(rng, data):
    """Megabytes of zeros, compressed a thousandfold: behind sound numbers, instead of them, or in a tag of its own."""
    zeros = bytes(int(rng.integers(1, 9)) << 20)
    _, content = elements(data)[0]
    size = int(rng.choice([len(zeros), len(content) - 8, (1 << 31) - 1]))
    head = struct.pack("<II", 14, size) + content[8 : tags(content)[-1]]
    content = [content + zeros, head + struct.pack("<II", 9, len(zeros)) + zeros, zeros][rng.integers(3)]
    return joined(data, [(True, content), *elements(data)[1:]])


def huge(rng, data):
    """A variable that says that it has up to 2^62 numbers."""

    def change(content):
        size = int(rng.choice([1 << 16, 1 << 20, (1 << 31) - 1]))
        content[4:8] = struct.pack("<I", min(size * 8, (1 << 32) - 1) if rng.random() < 0.5 else len(content) - 8)
        content[32:40] = struct.pack("<II", size, int(rng.choice([1, 2, size])))
        at = tags(content)[-1] + 4
        content[at : at + 4] = struct.pack("<I", (size * 8) % (1 << 32)) if rng.random() < 0.5 else content[at : at + 4]

    return inside(data, rng, change)


def values_changed(rng, data):
    """Other numbers in sound files: not finite, huge, all the same, or at a wrong place."""

    def change(content):
        at = tags(content)[-1] + 8
        item = b"".join(struct.pack("<f", v) for v in rng.choice([np.nan, np.inf, -np.inf, 1e30, -1e5, 3.0], 2))
        end = len(content) if rng.random() < 0.5 else at + int(rng.integers(1, 20)) * 8
        content[at:end] = (item * (len(content) // 8 + 1))[: len(content[at:end])]

    return inside(data, rng, change)


def garbage(rng, data):
    return rng.bytes(rng.choice([1, 20, 127, 128, 1000, 5000])) if rng.random() < 0.5 else data[:128] + rng.bytes(500)


def empty(rng, data):
    return b""


ANNOTATIONS = {
    "bits flipped": flipped,
    "bits flipped in the head": flipped_head,
    "bits flipped inside": flipped_inside,
    "cut": cut,
    "cut inside": cut_inside,
    "bytes inserted": inserted,
    "bytes removed": removed,
    "blocks exchanged": exchanged,
    "lengths changed": lengths_changed,
    "dimensions changed": dimensions_changed,
    "types changed": types_changed,
    "numbers changed": values_changed,
    "compression bomb": bomb,
    "huge sizes claimed": huge,
    "garbage": garbage,
    "empty": empty,
}


# Damage to pictures.


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """(kind, content) of a sound PNG's chunks."""
    found, at = [], 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def as_png(found: list[tuple[bytes, bytes]]) -> bytes:
    """The file of such chunks, with right checksums."""
    parts = [struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in found]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@cache
def png_bomb(edge: int) -> bytes:
    """A sound PNG of edge x edge pixels of one bit: a small file."""
    rows = zlib.compress(bytes((edge + 7) // 8 + 1) * edge, 9)
    return as_png([(b"IHDR", struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")])


def checksums_right(rng, data):
    """Damage inside a PNG's chunks that their checksums do not show; other formats have none."""
    if not data.startswith(b"\x89PNG"):
        return flipped(rng, data[:700]) + data[700:]
    found = chunks(data)
    index = rng.integers(len(found) - 1)
    found[index] = found[index][0], flipped(rng, found[index][1])
    return as_png(found)


def size_changed(rng, data):
    """Another width and height in the header, up to what the format can say."""
    width, height = (int(v) for v in rng.choice([0, 1, 7, 449, 451, 1500, 5000, 9000, 30000, 65500], 2))
    if data.startswith(b"\x89PNG"):
        found = chunks(data)
        found[0] = b"IHDR", struct.pack(">II", width, height) + found[0][1][8:]
        return as_png(found)
    at = next((at for at in range(2, len(data) - 9) if data[at] == 0xFF and data[at + 1] in (0xC0, 0xC2)), None)
    if at is None:  # BMP, WebP, TIFF: somewhere in the head
        at = int(rng.integers(10, 40))
        return data[:at] + struct.pack("<HH", width, height) + data[at + 4 :]
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def many_scans(rng, data):
    """A JPEG's scans again and again; a PNG's chunks."""
    if data.startswith(b"\x89PNG"):
        found = chunks(data)
        return as_png([found[0], *found[1:-1] * int(rng.integers(2, 50)), found[-1]])
    at = data.find(b"\xff\xda")
    return data[:at] + data[at:-2] * int(rng.integers(2, 20)) + data[-2:]


def picture_bomb(rng, data):
    return png_bomb(int(rng.choice([30000, 20000, 9990])))


PICTURES = {
    "bits flipped": flipped,
    "bits flipped in the head": flipped_head,
    "flipped, checksums right": checksums_right,
    "cut": cut,
    "bytes inserted": inserted,
    "bytes removed": removed,
    "blocks exchanged": exchanged,
    "size changed": size_changed,
    "scans repeated": many_scans,
    "picture bomb": picture_bomb,
    "garbage": garbage,
    "empty": empty,
}

# (in the table, part of a seed that is damaged, damages, its share of --count)
PARTS = (
    ("NAME_pts.mat", "own", ANNOTATIONS, 2),
    ("NAME.mat", "old", ANNOTATIONS, 2),
    ("picture", "picture", PICTURES, 1),
)


# Sound faces, and the cases made of them.


def genuine_faces(rng: np.random.Generator, most: int = FACES) -> list[Seed]:
    """Faces of the shared data, so many of each kind: compressed and not, one key and both; [] where they are not."""
    found = []
    for pattern in ("300W_LP/AFW/*_0.jpg", "300W/*/*_0.jpg", "genuine/300W_LP/*/*_0.jpg"):
        pictures = [path for path in sorted(SHARED.glob(pattern)) if not path.parent.name.endswith("_Flip")]
        found += [pictures[index] for index in rng.permutation(len(pictures))[:most]]
    return [seed_of(path, path.parents[1] / "landmarks" / path.parent.name) for path in found]


def drawn_faces(folder: Path) -> list[Seed]:
    """Drawn faces, every second one compressed."""
    pictures = sorted(draw_set(folder).glob("*/*_0.jpg"))
    for path in [*folder.rglob("*.mat")][::2]:
        arrays = {key: value for key, value in scipy.io.loadmat(path).items() if not key.startswith("__")}
        scipy.io.savemat(path, arrays, do_compression=True)
    return [seed_of(path, folder / "landmarks" / path.parent.name) for path in pictures]


def seed_of(picture: Path, landmarks: Path) -> Seed:
    files = (landmarks / f"{picture.stem}_pts.mat", picture.with_suffix(".mat"))
    return Seed(picture.read_bytes(), *(path.read_bytes() if path.is_file() else None for path in files))


def encoded(picture: bytes, rng: np.random.Generator) -> bytes:
    """The picture as one of the formats that are read, mostly JPEG and PNG."""
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    kinds = [
        (".png", []),
        (".png", [cv2.IMWRITE_PNG_COMPRESSION, 0]),
        (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        (".jpg", [cv2.IMWRITE_JPEG_RST_INTERVAL, 5]),
        (".webp", []),
        (".bmp", []),
        (".tiff", []),
    ]
    suffix, options = kinds[rng.integers(len(kinds))]
    return picture if rng.random() < 0.4 else cv2.imencode(suffix, image, options)[1].tobytes()


class Cases:
    """Writes a case's files when its item is asked for, and removes them afterwards: a few are there at any time."""

    def __init__(self, folder: Path, seeds: list[Seed], damages: dict, target: str, rng: np.random.Generator):
        usable = seeds if target == "picture" else [seed for seed in seeds if getattr(seed, target) is not None]
        self.folder, self.seeds, self.damages, self.target, self.rng = folder, usable, damages, target, rng
        if target == "picture":
            self.seeds = [replace(seed, picture=encoded(seed.picture, rng)) for seed in usable]
        self.known = {}  # name -> (seed, damage)

    def items(self, count: int) -> Iterator[Item]:
        names = list(self.damages)
        for index in range(count):
            name, damage = f"AFW_{self.target}{index}_1_0", names[index % len(names)]
            seed = int(self.rng.integers(len(self.seeds)))
            self.known[name] = seed, damage
            yield self.write(name, self.seeds[seed], self.damages[damage])

    def write(self, name: str, seed: Seed, damage: Callable | None) -> Item:
        files = {"picture": seed.picture, "own": None if self.target == "old" else seed.own, "old": seed.old}
        if damage:
            files[self.target] = damage(self.rng, files[self.target])
        paths = {"picture": f"{name}.jpg", "own": f"{name}_pts.mat", "old": f"{name}.mat"}
        paths = {part: self.folder / file for part, file in paths.items()}
        for part, content in files.items():
            if content is not None:
                paths[part].write_bytes(content)
        annotation = paths["old"] if files["own"] is None else paths["own"]
        return Item("fuzz", "AFW", name, name, paths["picture"], annotation)

    def remove(self, item: Item) -> None:
        for path in self.folder.glob(f"{item.name}[._]*"):
            path.unlink()

    def sound(self) -> list[Cut]:
        """What every face gives before any damage. Raises the BadSample of one that is not sound."""
        items = [self.write(f"sound{index}_0", seed, None) for index, seed in enumerate(self.seeds)]
        results = cut_chunk(items, SETTINGS)
        for item, result in zip(items, results, strict=True):
            self.remove(item)
            if isinstance(result, BadSample):
                raise result
        return results


def same_as_scipy(path: Path) -> bool:
    """Whether scipy, where it reads the file at all, reads the same numbers. Runs in a process that it may end."""
    try:
        theirs = scipy.io.loadmat(path, variable_names=MAT_KEYS)
    except Exception:  # it raises nearly anything
        return True
    ours = read_mat(path, MAT_KEYS)
    return all(
        theirs[key].dtype == ours[key].dtype and np.array_equal(theirs[key], ours[key], equal_nan=True)
        for key in ours
        if key in theirs
    )


def outcome(result: Cut | BadSample, sound: Cut) -> str:
    if isinstance(result, BadSample):
        return {"killed its reader": "crash", "took too long": "hang"}.get(result.reason, "skipped")
    same = np.allclose(result.label, sound.label, atol=1e-6, equal_nan=True) and result.image == sound.image
    return "same" if same else "other"


@dataclass
class Tally:
    """Outcomes by damage, skips by reason, a line for each failure, megabytes of the largest worker process."""

    rows: dict[str, Counter]
    reasons: Counter
    failures: list[str]
    peak: int = 0


def run(cases: Cases, count: int, workers: int) -> Tally:
    sound, tally, doubtful = cases.sound(), Tally(defaultdict(Counter), Counter(), []), []
    results = cut_all(cases.items(count), SETTINGS, workers)
    for item, result in tqdm(results, total=count, desc=cases.target, disable=None, mininterval=1):
        seed, damage = cases.known.pop(item.name)
        found = outcome(result, sound[seed])
        tally.rows[damage][found] += 1
        tally.peak = max(tally.peak, peak())
        if found in ("crash", "hang"):
            tally.failures.append(f"{damage}: {result}")
        elif found == "skipped":
            tally.reasons[result.reason] += 1
        elif found == "other" and cases.target != "picture":
            doubtful.append((damage, item.annotation, item.annotation.read_bytes()))
        cases.remove(item)
    tally.failures += judged(doubtful)
    return tally


def judged(doubtful: list[tuple[str, Path, bytes]]) -> list[str]:
    """A line for each file that was read, with other values than before the damage, and not as scipy reads it."""
    failures = []
    with ProcessPool(max_workers=1, context=multiprocessing.get_context("spawn")) as referee:
        for damage, path, content in doubtful:
            path.write_bytes(content)
            try:
                agreed = referee.schedule(same_as_scipy, args=(path,), timeout=SECONDS).result()
            except Exception:  # scipy ended its process, took too long or too much
                agreed = True
            if not agreed:
                failures.append(f"{damage}: {path.name} is not what scipy reads")
            path.unlink()
    return failures


def lines(title: str, rows: dict[str, Counter]) -> list[str]:
    """Rows of the table, and one with the sums."""
    total = sum(rows.values(), Counter())
    return [
        f"| {title} | {damage} | {row.total():,} | {row['same']:,} | {row['other']:,} | {row['skipped']:,} "
        f"| {row['crash']} | {row['hang']} |"
        for damage, row in [*rows.items(), ("**all**", total)]
    ]


def peak() -> int:
    """Megabytes that the largest of the worker processes has held at most."""
    # not getrusage: it counts what the parent held when it started them
    held = 0
    for process in multiprocessing.active_children():
        with suppress(OSError, IndexError):  # it has just ended
            status = Path(f"/proc/{process.pid}/status").read_text()
            held = max(held, int(status.split("VmHWM:")[1].split()[0]) // 1024)
    return held


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--count", type=int, default=10000, help="cases of each: annotations, pictures (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the generator (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--drawn", action="store_true", help="drawn faces even where there are genuine ones")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))  # worker processes inherit it
    rng = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        genuine = [] if args.drawn else genuine_faces(rng, min(FACES, 1 + args.count // 20))
        seeds = genuine or drawn_faces(folder / "drawn")
        print(f"{len(seeds)} {'genuine' if genuine else 'drawn'} faces, seed {args.seed}\n", file=sys.stderr)
        table, notes, failures = [TABLE, "|---|---|" + "---:|" * 6], [], []
        for title, target, damages, share in PARTS:
            tally = run(Cases(folder, seeds, damages, target, rng), args.count // share, args.workers)
            table += lines(title, tally.rows)
            found = ", ".join(f"{reason} {number:,}" for reason, number in tally.reasons.most_common())
            notes.append(f"{title}: skipped for {found}; a worker process held {tally.peak} MB at most.")
            failures += tally.failures
    print("\n".join([*table, "", *notes]))
    print("\n".join(failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
