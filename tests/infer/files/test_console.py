"""infer/files/console.py: names and letters that cannot be said are escaped, in every script, and end nothing."""

import ast
import io
import os
import sys
from pathlib import Path

import pytest

from infer.files.console import counted, speak_plainly, speakable
from tests.helpers.layout import OWN_SCRIPTS, name_of

LATIN = os.fsdecode(b"J\xfcrgen.jpg")


@pytest.mark.parametrize(
    ("encoding", "text", "wanted"),
    [
        ("cp1252", "顔 ü", b"\\u9854 \xfc"),
        ("utf-8", f"顔 {LATIN}", "顔 J\\xfcrgen.jpg".encode()),
        ("ascii", f"ü {LATIN} \ud800", b"\\xfc J\\xfcrgen.jpg \\ud800"),
    ],
)
def test_what_a_console_cannot_say_is_escaped(monkeypatch, encoding, text, wanted):
    for name in ("stdout", "stderr"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, name, stream)
        speak_plainly()
        print(text, end="", file=stream, flush=True)
        assert stream.buffer.getvalue() == wanted


def test_a_stream_of_another_kind_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    speak_plainly()


def test_speakable_names_can_be_encoded_and_others_stay():
    assert speakable(LATIN) == "J\\xfcrgen.jpg" and speakable("Jürgen 顔.jpg") == "Jürgen 顔.jpg"
    assert speakable("a\ud800") == "a\\ud800"
    with pytest.raises(UnicodeDecodeError):
        b"\xfc".decode("utf-8", "landmark68.escaped")


def test_counted():
    assert [counted(number, "face") for number in (0, 1, 2)] == ["0 faces", "1 face", "2 faces"]
    assert [counted(number, "face", be=True) for number in (1, 2)] == ["1 face is", "2 faces are"]


@pytest.mark.parametrize("path", OWN_SCRIPTS, ids=name_of)
def test_every_script_speaks_plainly_first(path: Path):
    (main,) = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if getattr(node, "name", "") == "main"]
    assert ast.unparse(main.body[0]) == "speak_plainly()"
