"""One record: what a face is on disk, encoded and decoded. It and `records.tensors` alone know the keys.

| key     | type           | what                                                                                    |
|---------|----------------|-----------------------------------------------------------------------------------------|
| image   | bytes          | the crop with its border of context, RGB: a JPEG, or raw uint8 [edge, edge, 3]          |
| label   | float32 [2K]   | x0 y0 x1 y1 ..., fractions of the crop's side (without the border); NaN: point unknown  |
| pose    | float32 [3]    | pitch, yaw, roll in radians; NaN: unknown                                               |
| side    | float32        | the crop's side in pixels of the picture it was cut from                                |
| doubt   | float32        | how far off the label may be, fractions of the crop's side; only where a teacher looked |
| subset  | bytes          | which set the face comes from, UTF-8                                                    |
| name    | bytes          | name of its picture, UTF-8                                                              |
| source  | bytes          | what no split may part (a photo, a person), UTF-8; empty in sets made before it was kept |
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from records.examples import ParsedExample, bytes_of, floats_of, serialised_example
from records.manifest import ENCODINGS
from records.tfrecords import read_records

SIZE = 128  # pixels of the crop that the network sees


@dataclass(frozen=True)
class Record:
    """One face: image bytes as encoded, label float32 [2K], pose float32 [3], side in pixels, subset, name, source.

    doubt: how far off a teacher says that the label may be, fractions of the crop's side, None where none looked.
    """

    image: bytes
    label: np.ndarray
    pose: np.ndarray
    side: float
    subset: str
    name: str
    source: str = ""
    doubt: float | None = None


def encode(record: Record) -> bytes:
    """The serialised `tf.train.Example` of a record; the same record gives the same bytes.

    Raises ValueError on a label that is not flat or a pose that is not [3].
    """
    if record.label.ndim != 1 or record.label.size % 2 or record.pose.shape != (3,):
        raise ValueError(
            f"{record.name}: label is {record.label.shape}, pose {record.pose.shape}, expected (2K,) and (3,)"
        )
    optional = {} if record.doubt is None else {"doubt": floats_of([record.doubt])}
    return serialised_example(
        image=bytes_of(record.image),
        label=floats_of(record.label),
        pose=floats_of(record.pose),
        side=floats_of([record.side]),
        subset=bytes_of(record.subset.encode()),
        name=bytes_of(record.name.encode()),
        source=bytes_of(record.source.encode()),
        **optional,
    )


def decode(serialised: bytes) -> Record:
    """The record of its serialised bytes; the picture is still encoded. Raises ValueError for bytes of another kind."""
    found = ParsedExample(serialised)
    image, side = found.bytes("image"), found.floats("side")
    if not (image and len(side)):
        raise ValueError(f"record: found {len(serialised)} bytes without image or side, expected a face")
    texts = {key: found.text(key) for key in ("subset", "name", "source")}
    doubt = next(map(float, found.floats("doubt")), None)
    return Record(image[0], found.floats("label"), found.floats("pose"), float(side[0]), doubt=doubt, **texts)


def read(files: Iterable[str]) -> Iterator[Record]:
    """The records of shards, in their order. Raises ValueError, which names the file, for a damaged one."""
    for file in files:
        yield from map(decode, read_records(file))


def decode_image(image: bytes, encoding: str, context: int) -> np.ndarray:
    """The picture uint8 [edge, edge, 3] RGB of a record's image bytes, as `records.tensors` has it.

    Raises ValueError on an unknown encoding, and where the bytes are no picture of that size.
    """
    if encoding not in ENCODINGS:
        raise ValueError(f"record encoding: found {encoding!r}, expected one of {', '.join(ENCODINGS)}")
    shape = edge_of(context), edge_of(context), 3
    if encoding == "raw" and len(image) == math.prod(shape):
        return np.frombuffer(image, np.uint8).reshape(shape).copy()
    if encoding == "jpeg" and image:
        found = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if found is not None and found.shape == shape:
            return cv2.cvtColor(found, cv2.COLOR_BGR2RGB)
    raise ValueError(f"record: found {len(image)} bytes that are no picture of {shape[0]}x{shape[1]}, expected one")


def edge_of(context: int) -> int:
    """Pixels along an edge of a stored picture, with the border of context on both sides."""
    return SIZE + 2 * context
