"""What several tests of infer/ need: a tiny model, the command in a folder of its own, a window that is none."""

import cv2
import pytest

from infer import run
from tests.helpers.tiny_model import write_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """The path of the tiny model with its contract; not to be changed."""
    return write_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def call(tmp_path, tiny_model, monkeypatch, capsys):
    """Calls infer/run.py in tmp_path with the tiny model: (exit code, stdout, stderr); model None: the default one."""
    monkeypatch.chdir(tmp_path)

    def call(*args, model=tiny_model):
        code = run.main([*map(str, args), *(["--model", str(model)] if model else [])])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def shown(monkeypatch):
    """The shapes of the pictures shown so far in a window whose user presses the space bar."""
    shapes = []
    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    monkeypatch.setattr(cv2, "imshow", lambda _, image: shapes.append(image.shape))
    monkeypatch.setattr(cv2, "waitKey", lambda _: ord(" "))
    return shapes
