"""Prints the points of one face, "x y" a line, in pixels: Python with TFLite (LiteRT).

python points_tflite.py landmark.tflite picture.jpg x0 y0 x1 y1          (the box tight around the points)
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="NAME.tflite or NAME.int8.tflite, with NAME.json beside it")
    parser.add_argument("picture")
    parser.add_argument("box", type=float, nargs=4, metavar="N", help="x0 y0 x1 y1 in pixels")
    args = parser.parse_args(argv)
    if not (args.box[0] < args.box[2] and args.box[1] < args.box[3]):
        parser.error("found no box, expected x0 < x1 and y0 < y1")
    return args


def main(argv=None) -> int:
    args = parse_args(argv)
    contract = contract_of(args.model)
    picture = cv2.imread(args.picture)
    if picture is None:
        sys.exit(f"{args.picture}: found no picture")
    crop, corner, side = cut(picture, args.box, contract["crop"]["margin"], contract["input"]["size"])
    grey = contract["input"]["order"] == "GRAY"
    pixels = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[..., None] if grey else crop[..., ::-1]  # RGB 0..255
    interpreter = Interpreter(model_path=str(args.model))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[None].astype(np.float32))
    interpreter.invoke()
    places = {details["name"]: details["index"] for details in interpreter.get_output_details()}
    answer = interpreter.get_tensor(places["landmarks"])
    for x, y in corner - 0.5 + side * answer.reshape(-1, 2):  # pixel centres lie at whole numbers
        print(f"{x:.2f} {y:.2f}")
    return 0


def contract_of(model):
    """The JSON beside the model: landmark.json of landmark.onnx and of landmark.int8.tflite."""
    paths = [model.with_suffix(".json"), model.with_name(model.name.partition(".")[0] + ".json")]
    for path in paths:
        if model.is_file() and path.is_file():
            return json.loads(path.read_text(encoding="utf-8"))
    sys.exit(f"{model}: found no such model with its contract, expected {paths[-1].name} beside it")


def cut(picture, box, margin, size):
    """The square around a box, the margin on every side, black beyond the picture: pixels, corner, side."""
    low, high = np.array(box).reshape(2, 2)
    side = max(1, round(max(high - low) * (1 + 2 * margin)))
    corner = np.round((low + high - side + 1) / 2).astype(int)
    part = np.zeros((side, side, 3), np.uint8)
    start, end = np.clip([corner, corner + side], 0, picture.shape[1::-1])
    (left, top), (right, bottom) = start - corner, end - corner
    part[top:bottom, left:right] = picture[start[1] : end[1], start[0] : end[0]]
    method = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return cv2.resize(part, (size, size), interpolation=method), corner, side


if __name__ == "__main__":
    sys.exit(main())
