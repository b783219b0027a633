"""infer/opencv.py: an OpenCV that does not load is one line and exit code 2, in every script."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infer.opencv import reason
from tests.helpers.layout import OWN_SCRIPTS, ROOT, name_of

LIBGL = "libGL.so.1: cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (ImportError(LIBGL), ("libGL.so.1", "opencv-python-headless", "libgl1")),
        (
            ModuleNotFoundError("No module named 'cv2'", name="cv2"),
            ("found none", "install opencv-python-headless"),
        ),
        (ImportError("numpy.core.multiarray failed\nto import"), ("multiarray failed to import", "this Python")),
    ],
)
def test_the_reason_names_the_way_out(error, wanted):
    assert all(part in reason(error) for part in wanted) and "\n" not in reason(error)


ERRORS = {"cv2": LIBGL, "tensorflow": "TensorFlow came before OpenCV"}


def call(tmp_path, *command, lacking=tuple(ERRORS)) -> subprocess.CompletedProcess:
    """A Python whose OpenCV lacks libGL; TensorFlow, which would only take time, is none either."""
    for name in lacking:
        (tmp_path / f"{name}.py").write_text(f"raise ImportError({ERRORS[name]!r})\n")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    return subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, timeout=60, check=False)


# scripts whose help needs no OpenCV: options with which they do, None where it is others, which they call, that do
LATE: dict[str, list[str] | None] = {
    "infer/run.py": ["images"],
    "export/freeze.py": [],
    "net/train.py": [],
    "net/train_detector.py": [],
    "tools/bench.py": None,
    "tools/measure/scale.py": None,
    "tools/train_weights.py": None,
}
NEEDING = [path for path in OWN_SCRIPTS if LATE.get(name_of(path), []) is not None]


@pytest.mark.parametrize("path", NEEDING, ids=name_of)
def test_every_script_ends_with_one_line(tmp_path, path: Path):
    answer = call(tmp_path, str(path), *(LATE.get(name_of(path)) or []))
    # a training and an export have said by then what they are going to do
    assert answer.returncode == 2 and answer.stderr.count("\n") == 1
    assert not answer.stdout or name_of(path).startswith(("net/", "export/"))
    assert "libGL.so.1" in answer.stderr and "opencv-python-headless" in answer.stderr


@pytest.mark.parametrize("path", [path for path in OWN_SCRIPTS if name_of(path) in LATE], ids=name_of)
def test_help_wants_no_opencv(tmp_path, path: Path):
    answer = call(tmp_path, str(path), "--help")
    assert (answer.returncode, answer.stderr) == (0, "")


def test_remains_of_an_opencv_are_none(tmp_path):
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").touch()  # what hides the whole one of the tests
    answer = call(tmp_path, str(ROOT / "infer" / "run.py"), "x.jpg", lacking=("tensorflow",))
    assert answer.returncode == 2 and "found that it does not load (an empty folder cv2: pip install" in answer.stderr


def test_the_package_raises_what_programs_can_catch(tmp_path):
    answer = call(tmp_path, "-c", "try:\n    from infer import Face\nexcept ImportError as error: print(error)\n1 / 0")
    assert answer.stdout.startswith("OpenCV: found libGL.so.1") and "ZeroDivisionError" in answer.stderr
    assert answer.returncode == 1
