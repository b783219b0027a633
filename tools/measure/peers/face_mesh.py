"""MediaPipe's Face Mesh over a folder of pictures, as a peer of `infer/run.py`: `tools/measure/batches.py --peer`.

    python3.10 -m venv mesh && mesh/bin/pip install mediapipe==0.10.14
    mesh/bin/python tools/measure/peers/face_mesh.py FOLDER

It runs in an environment of its own and imports nothing of this project. Static image mode: each picture is looked at
anew, as `run.py` does. The points of each face, in pixels of its picture, are written as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2

SUFFIXES = (".jpg", ".jpeg", ".png")


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("folder", type=Path, help="pictures, in folders below it too")
    add("--threads", type=int, default=len(os.sched_getaffinity(0)), help="each with a mesh (default: %(default)s)")
    add("--faces", type=int, default=1, help="of a picture at most (default: %(default)s)")
    add("--json", type=Path, default=Path(tempfile.gettempdir(), "face_mesh.json"), help="(default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    cv2.setNumThreads(1)
    files = sorted(path for path in args.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    mesh, began = FaceMeshes(args.faces), time.perf_counter()
    with ThreadPoolExecutor(args.threads) as pool:
        faces = list(pool.map(mesh.find, files))
    milliseconds = 1000 * (time.perf_counter() - began) / max(len(files), 1)
    entries = [{"file": str(file), "faces": found} for file, found in zip(files, faces, strict=True)]
    args.json.write_text(json.dumps(entries), encoding="utf-8")
    print(f"{sum(map(bool, faces))} of {len(files)} pictures have faces, {milliseconds:.1f} ms each without start-up")
    return 0


class FaceMeshes:
    """Face Mesh in static image mode, one each thread; faces: of a picture at most."""

    def __init__(self, faces: int):
        self._faces, self._own = faces, threading.local()

    def find(self, file: Path) -> list[list[list[float]]]:
        """The points (x, y) of each face of a picture, pixels; none where it cannot be read."""
        image = cv2.imread(str(file))
        if image is None:
            return []
        height, width = image.shape[:2]
        found = self._mesh().process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks or []
        return [[[point.x * width - 0.5, point.y * height - 0.5] for point in face.landmark] for face in found]

    def _mesh(self):
        """This thread's own."""
        if not hasattr(self._own, "mesh"):
            import mediapipe  # not above: --help is asked for where it is not there, too

            self._own.mesh = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=self._faces)
        return self._own.mesh


if __name__ == "__main__":
    sys.exit(main())
