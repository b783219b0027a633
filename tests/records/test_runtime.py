"""records/runtime.py: what the environment says while TensorFlow is imported, and afterwards."""

import os

import pytest

from records import runtime
from records.processor import ONEDNN, Processor


@pytest.mark.parametrize(
    ("flags", "asked", "inside"),
    [({"avx2"}, None, "1"), ({"avx2"}, "0", "0"), ({"avx2", "avx512_vnni"}, None, None), ({"asimd"}, "1", "1")],
)
def test_onednn_is_set_for_the_import_alone(flags, asked, inside, monkeypatch):
    monkeypatch.setattr(runtime, "this_processor", lambda: Processor(frozenset(flags)))
    monkeypatch.delenv(ONEDNN, raising=False)
    if asked:
        monkeypatch.setenv(ONEDNN, asked)
    with runtime.onednn_as_decided():
        assert os.environ.get(ONEDNN) == inside
    assert os.environ.get(ONEDNN) == asked
