"""The wheel in an environment of its own with NumPy and OpenCV only: installed, imported, called."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 6_000_000  # bytes of the wheel
posix = pytest.mark.skipif(os.name == "nt", reason="the environment is laid out as on POSIX")
# of this environment, lent to the empty one
GUEST = ("numpy", "numpy.libs", "cv2", "opencv_python_headless.libs", "opencv_python.libs")


def call(*command, **options) -> str:
    """Runs a command; what it printed."""
    # python's own settings would let this environment's packages in
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, env=surroundings, **options
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy, so that nothing is left in the checkout."""
    pytest.importorskip("wheel", reason="building a wheel without the network needs setuptools and wheel")
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "pyproject.toml", "LICENSE", "MODEL_CARD.md"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "infer", copy / "infer", ignore=shutil.ignore_patterns("__pycache__"))
    # an export of one's own is no part of the package
    shutil.rmtree(copy / "infer" / "local", ignore_errors=True)
    (copy / "infer" / "local").mkdir()
    (copy / "infer" / "local" / "landmark.pb").write_bytes(b"private")
    call(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", out, copy, cwd=out)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The bin folder of an environment with NumPy, OpenCV and the wheel."""
    place = tmp_path_factory.mktemp("empty") / "env"
    call(sys.executable, "-m", "venv", "--without-pip", place)
    own = Path(call(place / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    theirs = Path(np.__file__).resolve().parents[1]
    for name in GUEST:
        if (theirs / name).is_dir():
            (own / name).symlink_to(theirs / name)
    python = place / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index")
    call(*pip, "--disable-pip-version-check", wheel)
    return place / "bin"


@pytest.fixture
def picture(tmp_path):
    cv2.imwrite(str(tmp_path / "p.png"), np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8))
    return tmp_path / "p.png"


def test_what_is_in_the_wheel(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name.partition("/")[2] for name in names if name.startswith("landmark68/")}
    assert inside >= {"landmark.pb", "landmark.json", "detector.pb", "detector.json", "mean_face.json", "py.typed"}
    modules = [path.relative_to(ROOT / "infer") for path in (ROOT / "infer").rglob("*.py")]
    own = {path.as_posix() for path in modules if "local" not in path.parts}
    assert {name for name in inside if name.endswith(".py")} == own, "setup.cfg lists every subpackage"
    web = [path for path in (ROOT / "infer" / "web").rglob("*.*") if "__pycache__" not in path.parts]
    assert inside >= {path.relative_to(ROOT / "infer").as_posix() for path in web} >= {"web/templates/index.html"}
    assert {name.split("/")[0] for name in names} == {"landmark68", f"{wheel.name.split('-py3')[0]}.dist-info"}
    assert not [name for name in names if "local" in name or "_3d" in name]
    models = {path.name for path in (ROOT / "infer").glob("*.pb")}
    contracts = {f"{name.removesuffix('.pb')}.json" for name in models}
    others = {"landmark_3d.pb", "landmark_3d.json"}
    assert inside >= (models | contracts) - others >= {"landmark_small.pb", "detector.json"}
    assert {"LICENSE", "MODEL_CARD.md"} <= {name.rpartition("/")[2] for name in names}  # the weights' terms
    assert wheel.stat().st_size < LARGEST


@posix
def test_the_console_command_runs(installed, picture):
    out = call(installed / "landmark68", picture.name, "--whole", "--json", "p.json", "--crops", cwd=picture.parent)
    assert "(the one that came with this program)" in out and "looks like none" in out
    (entry,) = json.loads((picture.parent / "p.json").read_text())["images"]
    assert np.array(entry["faces"][0]["points"]).shape == (68, 2) and entry["faces"][0]["pose"]
    assert "no face found" in call(installed / "landmark68", picture.name, cwd=picture.parent)  # the detector runs


@posix
def test_three_lines_of_python(installed, picture):
    code = (
        "import importlib.util as u; assert not any(map(u.find_spec, ('tensorflow', 'scipy', 'psutil', 'flask')));"
        "from landmark68 import Landmarker, read_picture; image = read_picture('p.png'); landmarker = Landmarker();"
        "print(landmarker.fit(image, [[20, 10, 90, 80]]).shape, landmarker.detect(image), landmarker.track(image))"
    )
    assert call(installed / "python", "-c", code, cwd=picture.parent) == "(1, 68, 2) [] []\n"


@posix
def test_without_its_framework_the_service_says_so_in_one_line(installed, tmp_path):
    command = [installed / "landmark68", "serve", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install landmark68[web]" in done.stderr and done.stderr.count("\n") == 1
    assert "web page and a REST service" in call(installed / "landmark68", "serve", "--help")
