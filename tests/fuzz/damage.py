"""Ways to damage MATLAB files and pictures, each a function (generator, bytes) -> bytes; no damage shows by a checksum
where it is done "inside": inflated, damaged and compressed again."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cache, wraps

import cv2
import numpy as np

EDGES = (0, 1, 2, 3, 7, 8, 255, 1 << 16, 1 << 20, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 8, (1 << 32) - 1)
Damage = Callable[[np.random.Generator, bytes], bytes]


# any file


def flipped(rng, data: bytes, most: int = 8) -> bytes:
    data = bytearray(data)
    for at in rng.integers(len(data), size=rng.integers(1, most + 1)):
        data[at] ^= 1 << rng.integers(8)
    return bytes(data)


def flipped_head(rng, data):
    return flipped(rng, data[:200]) + data[200:]


def cut(rng, data):
    return data[: rng.integers(len(data))]


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


def garbage(rng, data):
    return rng.bytes(rng.choice([1, 20, 127, 128, 1000, 5000])) if rng.random() < 0.5 else data[:128] + rng.bytes(500)


def empty(rng, data):
    return b""


# MATLAB files


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
    parts = [header[:128]]
    for compressed, content in variables:
        packed = zlib.compress(content)
        parts.append(struct.pack("<II", 15, len(packed)) + packed if compressed else content)
    return b"".join(parts)


def inside(change: Callable[[np.random.Generator, bytearray], object]) -> Damage:
    """The damage that changes the bytes of one of a file's variables."""

    @wraps(change)
    def damage(rng, data):
        variables = elements(data)
        index = rng.integers(len(variables))
        content = bytearray(variables[index][1])
        change(rng, content)
        variables[index] = variables[index][0], bytes(content)
        return joined(data, variables)

    return damage


@inside
def flipped_inside(rng, content):
    content[:] = flipped(rng, bytes(content))


@inside
def cut_inside(rng, content):
    del content[rng.integers(len(content)) :]


def number(rng) -> bytes:
    return struct.pack("<I", int(rng.choice(EDGES)) if rng.random() < 0.7 else int(rng.integers(1 << 32)))


def tags(content: bytes) -> list[int]:
    """Where the tags of a matrix of two dimensions stand: its own, flags, dimensions, name, numbers."""
    name, size = struct.unpack_from("<II", content, 40)
    return [0, 8, 24, 40, 48 if name >> 16 else 48 + (size + 7) // 8 * 8]


@inside
def length_changed(rng, content):
    at = rng.choice(tags(content)) + 4
    content[at : at + 4] = number(rng)


def lengths_changed(rng, data):
    """Of a variable as it stands in the file, or of something in it."""
    return data[:132] + number(rng) + data[136:] if rng.random() < 0.3 else length_changed(rng, data)


@inside
def dimensions_changed(rng, content):
    at = rng.choice([32, 36])
    content[at : at + 4] = number(rng)
    if rng.random() < 0.3:  # as many numbers, shaped otherwise
        content[32:40] = struct.pack("<II", *[(1, 136), (136, 1), (4, 34), (2, 68), (68, 2)][rng.integers(5)])


@inside
def types_changed(rng, content):
    if rng.random() < 0.5:
        content[16] = rng.integers(256) if rng.random() < 0.2 else rng.integers(20)
        content[17] = rng.choice([0, 2, 4, 8, 255])
    else:
        at = rng.choice(tags(content))
        content[at : at + 4] = struct.pack("<HH", rng.integers(20), rng.choice([0, 0, 1, 4, 5, 65535]))


def bomb(rng, data):
    """Megabytes of zeros, compressed a thousandfold: behind sound numbers, instead of them, or in a tag of its own."""
    zeros = bytes(int(rng.integers(1, 9)) << 20)
    _, content = elements(data)[0]
    size = int(rng.choice([len(zeros), len(content) - 8, (1 << 31) - 1]))
    head = struct.pack("<II", 14, size) + content[8 : tags(content)[-1]]
    content = [content + zeros, head + struct.pack("<II", 9, len(zeros)) + zeros, zeros][rng.integers(3)]
    return joined(data, [(True, content), *elements(data)[1:]])


@inside
def huge(rng, content):
    """It says that it has up to 2^62 numbers."""
    size = int(rng.choice([1 << 16, 1 << 20, (1 << 31) - 1]))
    content[4:8] = struct.pack("<I", min(size * 8, (1 << 32) - 1) if rng.random() < 0.5 else len(content) - 8)
    content[32:40] = struct.pack("<II", size, int(rng.choice([1, 2, size])))
    at = tags(content)[-1] + 4
    content[at : at + 4] = struct.pack("<I", (size * 8) % (1 << 32)) if rng.random() < 0.5 else content[at : at + 4]


@inside
def values_changed(rng, content):
    """Other numbers in sound files: not finite, huge, all the same, or at a wrong place."""
    at = tags(content)[-1] + 8
    item = b"".join(struct.pack("<f", v) for v in rng.choice([np.nan, np.inf, -np.inf, 1e30, -1e5, 3.0], 2))
    end = len(content) if rng.random() < 0.5 else at + int(rng.integers(1, 20)) * 8
    content[at:end] = (item * (len(content) // 8 + 1))[: len(content[at:end])]


ANNOTATIONS: dict[str, Damage] = {
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


# pictures


def encoded(picture: bytes, rng: np.random.Generator) -> bytes:
    """A sound picture as one of the formats that are read, mostly JPEG and PNG."""
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    png, jpeg = [(".png", []), (".png", [cv2.IMWRITE_PNG_COMPRESSION, 0])], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    kinds = [*png, (".jpg", jpeg), (".jpg", [cv2.IMWRITE_JPEG_RST_INTERVAL, 5])]
    suffix, options = [*kinds, (".webp", []), (".bmp", []), (".tiff", [])][rng.integers(7)]
    return picture if rng.random() < 0.4 else cv2.imencode(suffix, image, options)[1].tobytes()


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


def picture_bomb(rng, data):
    return png_bomb(int(rng.choice([30000, 20000, 9990])))


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


PICTURES: dict[str, Damage] = {
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
