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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from records.examples import bytes_of, floats_of, numbers_of, serialised_example
from records.runtime import tf

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


def parse(serialised: tf.Tensor) -> dict[str, tf.Tensor]:
    """The tensors of one serialised scene, by the names of its keys.

    Returns image, subset, name, source string []; width, height int64 []; oriented float32 [N, 5], box [N, 4],
    five [N, 5, 2], by string [N], ignore float32 [M, 4]. The image is still encoded: `decode_image`, or
    `tf.io.decode_image`, which has an axis more for WebP.
    """
    single = {key: tf.io.FixedLenFeature([], tf.string) for key in ("image", "subset", "name", "source")}
    sizes = {key: tf.io.FixedLenFeature([], tf.int64) for key in ("width", "height")}
    shares = {"oriented": ORIENTED, "box": BOX, "five": FIVE, "ignore": BOX}
    rows = {key: tf.io.FixedLenSequenceFeature(shape, tf.float32, True) for key, shape in shares.items()}
    words = {"by": tf.io.FixedLenSequenceFeature([], tf.string, True)}
    return tf.io.parse_single_example(serialised, {**single, **sizes, **rows, **words})


def read(files: Sequence[str]) -> Iterator[SceneRecord]:
    """The scenes of shards, in their order. Raises `tf.errors.DataLossError` for a damaged record."""
    for parsed in tf.data.TFRecordDataset(list(files)).map(parse):
        found = {key: value.numpy() for key, value in parsed.items()}
        words = {key: found[key].decode() for key in ("subset", "name", "source")}
        sizes = {key: int(found[key]) for key in ("width", "height")}
        by = tuple(word.decode() for word in found["by"])
        yield SceneRecord(**{**found, **words, **sizes, "by": by})


def decode_image(image: bytes) -> np.ndarray:
    """The picture of a scene's image bytes, uint8 [height, width, 3] RGB. Raises ValueError where they are damaged."""
    found = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if found is None:
        raise ValueError(f"scene: found {len(image)} bytes that do not decode, expected a picture")
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB)
