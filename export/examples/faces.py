"""Prints the faces in a picture, "score x y width height roll" a line: Python with ONNX Runtime, or LiteRT for .tflite.

python faces.py detector.onnx picture.jpg          (x, y: centre of a box that stands as the head does; pixels, degrees)
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="NAME.onnx or NAME.tflite, with NAME.json beside it")
    parser.add_argument("picture")
    parser.add_argument("--size", type=int, default=640, help="longest side, larger is reduced (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    path = args.model.with_suffix(".json")
    if not (args.model.is_file() and path.is_file()):
        sys.exit(f"{args.model}: found no such model with its contract, expected {path.name} beside it")
    contract, picture = json.loads(path.read_text(encoding="utf-8")), cv2.imread(args.picture)
    if picture is None:
        sys.exit(f"{args.picture}: found no picture")
    scale = min(1, args.size / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    down, right = (-edge % contract["input"]["multiple"] for edge in small.shape[:2])
    ready = cv2.copyMakeBorder(small, 0, down, 0, right, cv2.BORDER_CONSTANT)[..., ::-1]  # RGB 0..255
    levels = contract["outputs"]
    maps = answers(args.model, ready[None].astype(np.float32), [level["name"] for level in levels])
    found = [faces(cells[0], level, contract["threshold"]) for cells, level in zip(maps, levels, strict=True)]
    scores, boxes = np.concatenate(found)[:, 0], np.concatenate(found)[:, 1:]
    rotated = [((x, y), (width, height), roll) for x, y, width, height, roll in boxes.tolist()]
    for index in cv2.dnn.NMSBoxesRotated(rotated, scores.tolist(), 0, contract["overlap"]):
        x, y, width, height, roll = boxes[index]
        x, y = (x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5  # pixel centres lie at whole numbers
        print(f"{scores[index]:.3f} {x:.1f} {y:.1f} {width / scale:.1f} {height / scale:.1f} {roll:.1f}")
    return 0


def answers(model, images, names):
    """The levels' maps, float32 [1, height, width, 15] each, of float32 [1, height, width, 3]."""
    if model.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        return session.run(names, {"image": images})
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model))
    given = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(given, images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given, images)
    interpreter.invoke()
    places = {one["name"]: one["index"] for one in interpreter.get_output_details()}
    return [interpreter.get_tensor(places[name]) for name in names]


def faces(cells, level, threshold):
    """Score, x, y, width, height, roll of a level's cells from the threshold on; lengths come in the level's unit."""
    rows, columns = np.nonzero(cells[..., 0] >= threshold)
    chosen, places = cells[rows, columns], (np.stack([columns, rows], axis=1) + 0.5) * level["stride"] - 0.5
    centres, sizes = places + chosen[:, 1:3] * level["unit"], np.exp(chosen[:, 3:5]) * level["unit"]
    five = chosen[:, 5:].reshape(-1, 5, 2)  # eyes, nose, corners of the mouth
    x, y = (five[:, 3:].mean(axis=1) - five[:, :2].mean(axis=1)).T
    return np.column_stack([chosen[:, 0], centres, sizes, np.degrees(np.arctan2(-x, y))])


if __name__ == "__main__":
    sys.exit(main())
