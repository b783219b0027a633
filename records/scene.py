"""One scene: what a picture with all its faces is on disk, encoded and parsed. The only file that knows the keys.

| key      | type             | what                                                                                  |
|----------|------------------|---------------------------------------------------------------------------------------|
| image    | bytes            | the picture: a JPEG, PNG or WebP file; taken as stored, whatever EXIF says of it      |
| width    | int64            | of the picture in pixels                                                              |
| height   | int64            |                                                                                       |
| oriented | float32 [N * 5]  | boxes that stand as the heads do: x, y, width, height, roll (infer.geometry.oriented) |
| box      | float32 [N * 4]  | upright boxes, tight around the 68 points of each face: x0 y0 x1 y1                   |
| five     | float32 [N * 10] | x, y of the eyes, the nose's tip and the mouth's corners; the subject's right first   |
| by       | bytes [N]        | who says so of each face, UTF-8: points, human5+fit, fit, yunet, box ...              |
| ignore   | float32 [M * 4]  | what counts neither as a face nor as background: x0 y0 x1 y1                          |
| subset   | bytes            | which set the picture comes from, UTF-8                                               |
| name     | bytes            | name of the picture, UTF-8                                                            |
| source   | bytes            | what no split may part (a photo, a person), UTF-8                                     |

All places are pixels of that picture, pixel centres at whole numbers; NaN: unknown (a roll, five points).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from records.examples import ParsedExample, bytes_of, floats_of, numbers_of, serialised_example
from records.tfrecords import read_records

BOX, FIVE, ORIENTED = (4,), (5, 2), (5,)  # shapes of a face's share


@dataclass(frozen=True, eq=False)
class SceneRecord:
    """A picture with all its faces: image bytes as encoded; width, height; oriented float32 [N, 5], box [N, 4],
    five [N, 5, 2], by N words; ignore [M, 4]; subset, name, source."""

    image: bytes
    width: int
    height: int
    oriented: np.ndarray
    box: np.ndarray
    five: np.ndarray
    by: tuple[str, ...]
    ignore: np.ndarray
    subset: str
    name: str
    source: str


def encode(scene: SceneRecord) -> bytes:
    """The serialised `tf.train.Example` of a scene; the same scene gives the same bytes.

    Raises ValueError on arrays that are not of its N faces.
    """
    count = len(scene.by)
    found = scene.oriented.shape, scene.box.shape, scene.five.shape, scene.ignore.shape[1:]
    if found != ((count, *ORIENTED), (count, *BOX), (count, *FIVE), BOX):
        expected = f"expected {(count, *ORIENTED)}, {(count, *BOX)}, {(count, *FIVE)} of {count} faces, and {BOX}"
        raise ValueError(f"{scene.name}: oriented, box, five and each ignore are {found}, {expected}")
    return serialised_example(
        image=bytes_of(scene.image),
        width=numbers_of(scene.width),
        height=numbers_of(scene.height),
        oriented=floats_of(scene.oriented),
        box=floats_of(scene.box),
        five=floats_of(scene.five),
        by=bytes_of(*(word.encode() for word in scene.by)),
        ignore=floats_of(scene.ignore),
        subset=bytes_of(scene.subset.encode()),
        name=bytes_of(scene.name.encode()),
        source=bytes_of(scene.source.encode()),
    )


def decode(serialised: bytes) -> SceneRecord:
    """The scene of its serialised bytes; the picture is still encoded. Raises ValueError for bytes of another kind."""
    found = ParsedExample(serialised)

    def rows(name: str, shape: tuple[int, ...]) -> np.ndarray:
        return found.floats(name).reshape(-1, *shape)

    try:
        return SceneRecord(
            image=found.bytes("image")[0],
            width=found.numbers("width")[0],
            height=found.numbers("height")[0],
            oriented=rows("oriented", ORIENTED),
            box=rows("box", BOX),
            five=rows("five", FIVE),
            by=tuple(word.decode() for word in found.bytes("by")),
            ignore=rows("ignore", BOX),
            subset=found.text("subset"),
            name=found.text("name"),
            source=found.text("source"),
        )
    except (IndexError, ValueError) as error:
        raise ValueError(f"record: found no scene in {len(serialised)} bytes ({error}), expected one") from None


def read(files: Iterable[str]) -> Iterator[SceneRecord]:
    """The scenes of shards, in their order. Raises ValueError, which names the file, for a damaged record."""
    for file in files:
        yield from map(decode, read_records(file))


def decode_image(image: bytes) -> np.ndarray:
    """The picture of a scene's image bytes, uint8 [height, width, 3] RGB. Raises ValueError where they are damaged."""
    found = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if found is None:
        raise ValueError(f"scene: found {len(image)} bytes that do not decode, expected a picture")
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB)
