"""What goes out as text: names that are no UTF-8 and letters that a console lacks are escaped; none ends a run."""

from __future__ import annotations

import codecs
import sys

ESCAPED = "landmark68.escaped"  # a way of Python's codecs to treat what they cannot say; see _escape


def speak_plainly() -> None:
    """From now on what this program prints is escaped where the console's encoding has no letter for it.

    The first thing in every `main`: with cp1252 (Windows, output redirected) a Japanese file name would end the run.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what a caller put in its place may have other ways
            stream.reconfigure(errors=ESCAPED)


def speakable(text: str) -> str:
    r"""The same text, with a file name's bytes that are no UTF-8, which Python keeps as surrogates, as \xfc.

    So it can be encoded, and stands in JSON, CSV and journals as it is printed.
    """
    return text.encode("utf-8", ESCAPED).decode("utf-8")


def counted(number: int, thing: str, be: bool = False) -> str:
    """`1 face`, `2 faces`, `0 faces`, for things whose plural is an s; be: `1 face is`, `2 faces are`."""
    one = number == 1
    return f"{number} {thing}{'' if one else 's'}{(' is' if one else ' are') if be else ''}"


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    # os.fsdecode hides a byte 0x80..0xff that is no UTF-8 in U+DC80..U+DCFF (PEP 383)
    plain = [f"\\x{ord(one) - 0xDC00:02x}" if "\udc80" <= one <= "\udcff" else _named(one) for one in letters]
    return "".join(plain), error.end


def _named(letter: str) -> str:
    return letter.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(ESCAPED, _escape)
