"""tools/measure/peers/face_mesh.py, against a MediaPipe that finds the bright spot of a picture."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

SCRIPT = Path(__file__).resolve().parents[4] / "tools" / "measure" / "peers" / "face_mesh.py"
FAKE = """
from types import SimpleNamespace as Some


class FaceMesh:
    def __init__(self, static_image_mode, max_num_faces):
        assert static_image_mode is True and max_num_faces == 2

    def process(self, image):
        height, width = image.shape[:2]
        red = (image[..., 0] == 255).nonzero()
        points = [Some(x=(x + 0.5) / width, y=(y + 0.5) / height) for y, x in zip(*red)]
        return Some(multi_face_landmarks=[Some(landmark=points)] if points else None)


solutions = Some(face_mesh=Some(FaceMesh=FaceMesh))
"""


def test_points_of_every_picture_in_its_pixels(tmp_path):
    (tmp_path / "mediapipe.py").write_text(FAKE)
    folder = tmp_path / "pictures" / "deep"
    folder.mkdir(parents=True)
    image = np.zeros((40, 60, 3), np.uint8)
    cv2.imwrite(str(folder / "b.png"), image)
    image[10, 21, 2] = 255  # BGR in the file
    cv2.imwrite(str(folder / "a.png"), image)
    (folder / "c.jpg").write_bytes(b"no picture")
    command = [sys.executable, SCRIPT, folder.parent, "--threads", "2", "--faces", "2", "--json", tmp_path / "out.json"]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and done.stdout.startswith("1 of 3 pictures have faces")
    faces = {Path(entry["file"]).name: entry["faces"] for entry in json.loads((tmp_path / "out.json").read_text())}
    assert faces["b.png"] == faces["c.jpg"] == []
    np.testing.assert_allclose(faces["a.png"], [[[21, 10]]], atol=1e-6)
