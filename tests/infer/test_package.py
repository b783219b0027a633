"""The package as people import it: its names, and nothing before one of them is asked for."""

import subprocess
import sys

import pytest

import infer
from tests.helpers.layout import ROOT


def test_every_name_comes_from_its_home():
    named = [name for names in infer.HOMES.values() for name in names]
    assert sorted([*named, "__version__"]) == sorted(infer.__all__) and len(named) == len(set(named))
    for home, names in infer.HOMES.items():
        assert {getattr(infer, name).__module__ for name in names} == {f"infer.{home}"}
    assert set(infer.__all__) <= set(dir(infer))


def test_other_names_are_none():
    with pytest.raises(AttributeError, match="landmarks"):
        infer.landmarks  # noqa: B018
    with pytest.raises(ImportError):
        from infer import landmarks  # noqa: F401


def test_the_package_alone_imports_nothing():
    code = "import sys, infer; print('cv2' in sys.modules); infer.Face; print('cv2' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "True"]
