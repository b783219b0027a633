"""What a model costs besides time: size of its file, parameters, multiply-adds, and memory of a process with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from infer.landmarker import BATCH, Landmarker
from infer.model import network
from infer.model.contract import NHWC, Contract
from tools.evaluation.memory import high_water

ROOT = Path(__file__).resolve().parents[2]
PROBE = "import sys; sys.path.insert(0, sys.argv[1]); from tools.evaluation.footprint import probe; probe(sys.argv[2])"


def footprint(contract: Contract, memory: bool = True) -> dict:
    """bytes: of the model's file; parameters, multiply_adds: of one face, from the contract or else counted; memory,
    memory_added: peak bytes of a process that runs it, and how much of that is not Python's and OpenCV's start; None
    where not asked for or unknown."""
    counted = {"parameters": contract.parameters, "multiply_adds": contract.multiply_adds}
    if None in counted.values():
        counted = dict(zip(counted, count(contract), strict=True))
    peak = peak_memory(contract.model) if memory else {"memory": None, "memory_added": None}
    return {"bytes": contract.model.stat().st_size, **counted, **peak}


def count(contract: Contract) -> tuple[int, int]:
    """Parameters, and multiply-adds for one face, of the graph as OpenCV has read it.

    Counted from the layers' weights and shapes: convolutions and matrix products, no activations or sums. OpenCV's own
    `getFLOPS` (two of its operations are a multiply-add) says 0.8 % more of ours, as it counts those too, but takes a
    depthwise convolution for a full one: of a network of C such channels it says C times as much.
    """
    net, size = network.load(contract), contract.input.size
    planes = contract.input.channels
    shape = [1, size, size, planes] if contract.input.layout == NHWC else [1, planes, size, size]
    parameters = products = 0
    for index, inputs, outputs in zip(*net.getLayersShapes(shape), strict=True):
        layer = net.getLayer(int(index))
        parameters += sum(blob.size for blob in layer.blobs)
        if layer.blobs:
            products += _products(layer, inputs[0], outputs[0])
    return parameters, products


def _products(layer, given, answer) -> int:
    """Multiply-adds of a layer with weights, for input and output shapes of a batch of one."""
    weights = layer.blobs[0].size
    if layer.type == "Convolution":
        return weights * int(np.prod(answer[2:]))
    if layer.type == "Deconvolution":
        return weights * int(np.prod(given[2:]))
    if layer.type in ("InnerProduct", "MatMul", "Gemm"):
        return weights * int(np.prod(answer)) // int(answer[-1])
    return 0


def peak_memory(model: Path) -> dict[str, int | None]:
    """Peak memory, in bytes, of a process of its own that loads the model and runs a batch; None where that is unknown.

    Raises ValueError where the process fails.
    """
    command = [sys.executable, "-c", PROBE, str(ROOT), str(Path(model).resolve())]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{model}: the process that measures memory failed: {done.stderr.strip().splitlines()[-1:]}")
    start, peak = json.loads(done.stdout.splitlines()[-1])
    return {"memory": peak, "memory_added": None if peak is None else peak - start}


def probe(model: str) -> None:
    """What that process does: prints its peak memory before and after."""
    start = high_water()
    landmarker = Landmarker(model)
    size = landmarker.contract.input.size
    image, box = np.zeros((size, size, 3), np.uint8), [0, 0, size, size]
    for batch in (1, BATCH):
        landmarker.fit(image, np.tile(box, (batch, 1)), 1)
    print(json.dumps([start, high_water()]))
