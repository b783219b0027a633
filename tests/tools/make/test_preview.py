import cv2
import numpy as np

from records import record, shards
from tests.conftest import CONTEXT
from tools.make import preview
from tools.make.preview import COLUMNS, FACES


def faces_of(folder):
    """The training faces of a set as it lies on disk: pictures RGB and labels."""
    import tensorflow as tf

    manifest = shards.checked_manifest(folder)
    serialised = tf.data.TFRecordDataset(manifest.files(folder, "train"))
    faces = [record.decode(one, manifest.encoding, manifest.context, 68) for one in serialised]
    return [(face["image"].numpy(), face["label"].numpy()) for face in faces]


def test_the_sheet_shows_the_first_faces_with_frame_and_points(record_set, tmp_path):
    preview.preview(record_set, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))[:, :, ::-1].astype(int)
    faces, edge = faces_of(record_set)[:FACES], 128 + 2 * CONTEXT
    rows = -(-len(faces) // COLUMNS)
    assert len(faces) > 6 and sheet.shape == (rows * edge, COLUMNS * edge, 3)
    for index, (image, label) in enumerate(faces):
        y, x = edge * (index // COLUMNS), edge * (index % COLUMNS)
        tile = sheet[y : y + edge, x : x + edge]
        np.testing.assert_array_equal(tile[CONTEXT, CONTEXT : CONTEXT + 128], 255)
        np.testing.assert_array_equal(tile[: CONTEXT - 2], image[: CONTEXT - 2])  # nothing drawn outside
        drawn = np.abs(tile - image).max(axis=2) > 20
        places = np.round(label.reshape(68, 2) * 128 - 0.5 + CONTEXT).astype(int)
        marked = [drawn[v - 1 : v + 2, u - 1 : u + 2].any() for u, v in places]
        assert np.mean(marked) > 0.9 and drawn.mean() < 0.3
    assert (sheet.reshape(rows, edge, COLUMNS, edge, 3)[-1, :, len(faces) % COLUMNS or COLUMNS :] == 0).all()
