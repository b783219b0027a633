"""Measures one face through the frozen network, one thread: OpenCV against TensorFlow's session, in turns.

python export/bench.py [--model FILE.pb]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np

from export import frozen

v1 = frozen.v1


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", type=Path, default=ROOT / "infer" / "landmark.pb", help="(default: infer/landmark.pb)"
    )
    parser.add_argument("--rounds", type=int, default=12, help="turns of each (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    size = 128
    image = np.random.default_rng(1).uniform(0, 255, (1, size, size, 3)).astype(np.float32)
    runtimes = {"OpenCV": opencv_runner(args.model, image), "TensorFlow session": tensorflow_runner(args.model, image)}
    times = {name: [] for name in runtimes}
    for _ in range(args.rounds):
        for name, call in runtimes.items():
            times[name] += seconds_each(call)
    print(table({name: 1000 * float(np.median(values)) for name, values in times.items()}))
    return 0


def seconds_each(call, count: int = 25, warm: int = 5) -> list[float]:
    """Seconds of each of `count` calls, after a few that bring the caches back from the other runtime's turn."""
    seconds = []
    for index in range(warm + count):
        started = time.perf_counter()
        call()
        if index >= warm:
            seconds.append(time.perf_counter() - started)
    return seconds


def opencv_runner(model: Path, image: np.ndarray):
    """A call that sends one face through OpenCV on one thread."""
    cv2.setNumThreads(1)
    net = cv2.dnn.readNetFromTensorflow(str(model))
    blob = np.ascontiguousarray(image.transpose(0, 3, 1, 2))

    def call():
        net.setInput(blob, frozen.INPUT)
        return net.forward(frozen.OUTPUT)

    return call


def tensorflow_runner(model: Path, image: np.ndarray):
    """A call that sends one face through a TensorFlow session on one thread."""
    with v1.Graph().as_default() as graph:
        v1.import_graph_def(v1.GraphDef.FromString(model.read_bytes()), name="")
    config = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    session = v1.Session(graph=graph, config=config)
    call = session.make_callable(f"{frozen.OUTPUT}:0", feed_list=[f"{frozen.INPUT}:0"])
    return lambda: call(image)


def table(milliseconds: dict[str, float]) -> str:
    """Median times and their ratio in Markdown."""
    lines = [
        f"| {name} {'' if name != 'OpenCV' else cv2.__version__} | {value:.2f} |"
        for name, value in milliseconds.items()
    ]
    ratio = milliseconds["OpenCV"] / milliseconds["TensorFlow session"]
    head = ["| one face, one thread | ms (median) |", "|---|---|"]
    return "\n".join([*head, *lines, "", f"OpenCV takes {ratio:.2f} of TensorFlow's time."])


if __name__ == "__main__":
    sys.exit(main())
