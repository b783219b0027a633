"""tools/make/preview.py: the sheet shows crops, frames and points as they are stored."""

import cv2
import numpy as np

from tests.conftest import CONTEXT
from tests.helpers.records import records_of
from tools.make import preview
from tools.make.preview import COLUMNS, FACES


def test_the_sheet_shows_the_first_faces_with_frame_and_points(record_set, tmp_path):
    preview.preview(record_set, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))[:, :, ::-1].astype(int)
    faces, edge = records_of(record_set, "train")[:FACES], 128 + 2 * CONTEXT
    rows = -(-len(faces) // COLUMNS)
    assert len(faces) > 6 and sheet.shape == (rows * edge, COLUMNS * edge, 3)
    for index, face in enumerate(faces):
        image = face["image"]
        y, x = edge * (index // COLUMNS), edge * (index % COLUMNS)
        tile = sheet[y : y + edge, x : x + edge]
        np.testing.assert_array_equal(tile[CONTEXT, CONTEXT : CONTEXT + 128], 255)
        np.testing.assert_array_equal(tile[: CONTEXT - 2], image[: CONTEXT - 2])  # nothing drawn outside
        drawn = np.abs(tile - image).max(axis=2) > 20
        places = np.round(face["label"].reshape(68, 2) * 128 - 0.5 + CONTEXT).astype(int)
        marked = [drawn[v - 1 : v + 2, u - 1 : u + 2].any() for u, v in places]
        assert np.mean(marked) > 0.9 and drawn.mean() < 0.3
    assert (sheet.reshape(rows, edge, COLUMNS, edge, 3)[-1, :, len(faces) % COLUMNS or COLUMNS :] == 0).all()
