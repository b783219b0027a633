"""A contact sheet of what a set of records holds, as a person would check a data set."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from records import record, shards
from records.landmarks import scheme_of

FACES, COLUMNS = 24, 6


def preview(folder: Path, path: Path) -> None:
    """Writes a picture of the first 24 training faces, read back from the shards, points drawn, the crop framed."""
    manifest = shards.read_manifest(folder)
    count = scheme_of(manifest["scheme"]).count
    serialised = tf.data.TFRecordDataset(shards.shard_files(folder, manifest, "train")).take(FACES)
    faces = [record.decode(one, manifest["encoding"], manifest["context"], count) for one in serialised]
    tiles = [_tile(face["image"].numpy(), face["label"].numpy(), manifest["context"]) for face in faces]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    cv2.imwrite(str(path), np.vstack(rows)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])


def _tile(image: np.ndarray, label: np.ndarray, context: int) -> np.ndarray:
    """The stored picture with its points, and the frame of the crop inside its border; RGB uint8, same size."""
    tile = np.ascontiguousarray(image)
    inside = (context, context), (context + record.SIZE - 1, context + record.SIZE - 1)
    if context:
        cv2.rectangle(tile, *inside, (255, 255, 255), 1)
    points = label.reshape(-1, 2) * record.SIZE - 0.5 + context
    for x, y in points[np.isfinite(points).all(axis=1)]:
        cv2.circle(tile, (round(16 * x), round(16 * y)), 20, (60, 255, 60), -1, cv2.LINE_AA, shift=4)
    return tile
