"""LiteRT, the interpreter of TensorFlow Lite files, in a process of its own.

Version 2.3 frees memory twice, and so ends its process, where XNNPACK refuses a quantised map that is always zero.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from export.signature import Signature

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from export.litert import serve; serve(*sys.argv[2:])"


def in_process(
    model: Path, signature: Signature, threads: int | None = None
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """A function in this very process: images float32 [N, H, W, C] RGB 0..255 -> what each output says, float32.

    Raises ValueError or RuntimeError where LiteRT can't read or run the file.
    """
    from ai_edge_litert.interpreter import Interpreter  # only who exports TFLite needs it

    interpreter = Interpreter(model_path=str(model), num_threads=threads)
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]["index"]
    places = {details["name"]: details["index"] for details in interpreter.get_output_details()}
    if not places.keys() >= set(signature.outputs):
        raise ValueError(f"found outputs {', '.join(places)}, expected {', '.join(signature.outputs)}")

    def answer(images: np.ndarray) -> list[np.ndarray]:
        if tuple(interpreter.get_input_details()[0]["shape"]) != images.shape:
            interpreter.resize_tensor_input(given, images.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(given, images)
        interpreter.invoke()
        return [interpreter.get_tensor(places[name]) for name in signature.outputs]

    return answer


def isolated(model: Path, signature: Signature, threads: int | None = None) -> Callable[[np.ndarray], list[np.ndarray]]:
    """The same function, answered by a process of its own, which ends with the function.

    Raises ValueError where LiteRT can't read or run the file, or ends the process.
    """
    told = [str(ROOT), str(Path(model).resolve()), str(threads or 0), signature.input, *signature.outputs]
    command = [sys.executable, "-c", PROGRAM, *told]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    given, answered = process.stdin, process.stdout
    assert given and answered  # for the type checker: both are pipes

    def answer(images: np.ndarray) -> list[np.ndarray]:
        try:
            pickle.dump(images, given)
            given.flush()
            found = pickle.load(answered)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise ValueError(f"{model.name}: LiteRT fails on it: it ended its process ({process.wait()})") from None
        if isinstance(found, str):
            raise ValueError(f"{model.name}: LiteRT fails on it: {found}")
        return found

    weakref.finalize(answer, _end, process, given, answered)
    return answer


def serve(model: str, threads: str, given: str, *outputs: str) -> None:
    """What that process does: pictures come in and answers go out, or what went wrong."""
    call: Callable[[np.ndarray], list[np.ndarray]] | None = None
    while True:
        try:
            images = pickle.load(sys.stdin.buffer)
        except EOFError:  # no more are to come
            return
        try:
            call = call or in_process(Path(model), Signature(given, outputs), int(threads) or None)
            found: list[np.ndarray] | str = call(images)
        except (ValueError, RuntimeError) as error:
            found = " ".join(str(error).split())[:200]
        pickle.dump(found, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _end(process: subprocess.Popen[bytes], given: IO[bytes], answered: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # it may have ended before
        given.close()
    process.wait()
    answered.close()
