"""Named arrays of numbers from a MATLAB 5 file, without `scipy.io.loadmat`.

On damaged input loadmat can end the interpreter or ask for gigabytes, and checks made before it would have to know the
format as well as it does. So the few numeric arrays that data sets keep are decoded here: each length, type and
dimension is checked against what is there before a byte of it is used. Source: "MAT-File Format", MathWorks, level 5.
"""

from __future__ import annotations

import math
import stat
import struct
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

FILE_LIMIT = 16 << 20  # bytes; 300W-LP's files have under 4 kB, and it is read whole before anything of it is known
ARRAY_LIMIT = 1 << 20  # bytes of an array once inflated; 68 points in doubles are 1 kB
VARIABLE_LIMIT = 1000  # each costs a look at its head; real files have about ten
DIMENSION_LIMIT = 8
NAME_LIMIT = 63  # MATLAB's own
HEAD = 256  # bytes; more than tags, flags, DIMENSION_LIMIT dimensions and a name of NAME_LIMIT take

MATRIX, COMPRESSED = 14, 15
INT8, INT32, UINT32 = 1, 5, 6
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
NUMERIC = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
OTHER = {1: "a cell", 2: "a structure", 3: "an object", 4: "text", 5: "sparse", 16: "a function", 17: "an object"}
OPAQUE = 17  # has no dimensions
COMPLEX = 0x800

Order = Literal["<", ">"]  # of bytes, as struct has it
EXPECTED = "expected a MATLAB 5 file (save -v6 or -v7)"


class NotNumbers(ValueError):
    """A variable that was asked for is there, but is no plain array of real numbers."""


def read_mat(path: str | Path, names: Collection[str]) -> dict[str, np.ndarray]:
    """The variables of these names as arrays, shaped as MATLAB has them (2 to 8 dimensions); absent ones are left out.

    The dtype is the one stored, as with loadmat: MATLAB keeps whole numbers of a double array in a smaller type. Either
    byte order is read, compressed or not; variables that are not asked for may be of any kind.
    Raises FileNotFoundError; NotNumbers (a ValueError) for a complex, sparse, text, cell or structure variable;
    ValueError for whatever else cannot be read: damaged, of MATLAB 4 or 7.3, over FILE_LIMIT or ARRAY_LIMIT. Messages
    name the file, what was found and what was expected.
    """
    return _read(Path(path), names)[0]


def list_names(path: str | Path) -> list[str]:
    """The names of all variables of a MATLAB 5 file, in its order. Raises as `read_mat` does."""
    return _read(Path(path), ())[1]


def _read(path: Path, names: Collection[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    data = _read_bytes(path)
    arrays, found = {}, []
    try:
        order = _byte_order(data)
        for kind, element in _elements(data, order):
            variable = _Variable(kind, element, order)
            if variable.name in found:
                raise ValueError(f"found two variables {variable.name}, expected one")
            found.append(variable.name)
            if variable.name in names:
                arrays[variable.name] = variable.values()
    except struct.error:  # a tag, or what it announces, goes past the end
        raise ValueError(f"{path.name}: found a variable that is cut, expected a whole one") from None
    except zlib.error as error:
        raise ValueError(f"{path.name}: found damaged compression ({error}), expected a sound file") from None
    except ValueError as error:
        raise type(error)(f"{path.name}: {error}") from None
    return arrays, found


def _read_bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{path.name}: found a folder, device or pipe, {EXPECTED}")
        if status.st_size > FILE_LIMIT:
            raise ValueError(f"{path.name}: found {status.st_size} bytes, expected at most {FILE_LIMIT}")
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path.name}: found that it cannot be read ({error.strerror}), {EXPECTED}") from None


def _byte_order(data: bytes) -> Order:
    """ "<" or ">", from the header's 128 bytes: text, version and the letters MI as one 16-bit number."""
    orders: dict[bytes, Order] = {b"IM": "<", b"MI": ">"}
    order = orders.get(data[126:128])
    if order is None or struct.unpack_from(order + "H", data, 124)[0] != 0x0100:
        raise ValueError(f"found {_foreign(data)}, {EXPECTED}")
    return order


def _foreign(data: bytes) -> str:
    if not data:
        return "an empty file"
    if data.startswith(b"MATLAB 7.3") or b"\x89HDF\r\n\x1a\n" in (data[:8], data[512:520]):
        return "a MATLAB 7.3 file (HDF5)"
    for order in "<>":  # version 4 has no header: type, rows, columns, imaginary, length of a name
        if len(data) >= 20:
            kind, rows, columns, imaginary, length = struct.unpack_from(order + "5i", data)
            if 0 <= kind < 5000 and rows >= 0 and columns >= 0 and imaginary in (0, 1) and 1 < length <= 64:
                return "a MATLAB 4 file"
    return "a cut MATLAB header" if data.startswith(b"MATLAB 5.0") else "no MATLAB header"


def _elements(data: bytes, order: Order) -> Iterator[tuple[int, memoryview]]:
    """Type and bytes of every top-level element; all of them lie inside the file before the first is handed out."""
    found: list[tuple[int, memoryview]] = []
    view, at = memoryview(data), 128
    while at < len(data):
        kind, size = struct.unpack_from(order + "II", data, at)
        if kind not in (MATRIX, COMPRESSED):
            raise ValueError(f"found an element of type {kind} at byte {at}, expected a matrix (14 or 15)")
        if size > len(data) - at - 8:
            raise ValueError(f"found a variable of {size} bytes and {len(data) - at - 8} left, expected a whole file")
        if len(found) == VARIABLE_LIMIT:
            raise ValueError(f"found more than {VARIABLE_LIMIT} variables, expected fewer")
        found.append((kind, view[at + 8 : at + 8 + size]))
        at += 8 + size
    return iter(found)


class _Variable:
    """One variable: its head is read when it is made, its numbers when they are asked for."""

    def __init__(self, kind: int, element: memoryview, order: Order):
        self._order: Order = order
        self._bytes: bytes | memoryview
        self._stream: zlib._Decompress | None = None
        if kind == COMPRESSED:
            self._inflate_head(element)
        else:
            self._bytes, self._size = element, len(element)
        self._read_head()

    def _inflate_head(self, element: memoryview) -> None:
        self._stream = zlib.decompressobj()
        head = self._stream.decompress(element, HEAD)
        kind, self._size = struct.unpack_from(self._order + "II", head)
        if kind != MATRIX:
            raise ValueError(f"found a compressed element of type {kind}, expected a matrix (14)")
        self._bytes = head[8:]

    def _read_head(self) -> None:
        kind, flags, at = _subelement(self._bytes, 0, self._order)
        if kind != UINT32 or len(flags) != 8:
            raise ValueError(f"found {len(flags)} bytes of type {kind}, expected 8 array flags")
        self._flags = struct.unpack(self._order + "II", flags)[0]
        self._class = self._flags & 0xFF
        if self._class not in NUMERIC and self._class not in OTHER:
            raise ValueError(f"found a variable of class {self._class}, expected 1 to 17")
        self._shape: tuple[int, ...] = ()
        if self._class != OPAQUE:
            kind, dimensions, at = _subelement(self._bytes, at, self._order)
            self._shape = _shape(kind, dimensions, self._order)
        kind, name, self._at = _subelement(self._bytes, at, self._order)
        self.name = _name(kind, name)

    def values(self) -> np.ndarray:
        """The numbers, in this machine's byte order; all checks come before them."""
        own = NUMERIC.get(self._class)
        if own is None or self._flags & COMPLEX:
            found = "complex" if own else OTHER[self._class]
            raise NotNumbers(f"{self.name} is {found} {self._shape}, expected an array of real numbers")
        kind, content, _ = _subelement(self._whole(), self._at, self._order)
        dtype = _stored_type(kind, np.dtype(own), self.name)
        wanted = math.prod(self._shape) * dtype.itemsize
        if len(content) != wanted:
            raise ValueError(f"{self.name} {self._shape} has {len(content)} bytes, expected {wanted}")
        return np.frombuffer(content, dtype.newbyteorder(self._order)).reshape(self._shape, order="F").astype(dtype)

    def _whole(self) -> bytes | memoryview:
        if self._size > ARRAY_LIMIT:
            raise ValueError(f"{self.name} has {self._size} bytes, expected at most {ARRAY_LIMIT}")
        if self._stream is None:
            return self._bytes
        missing = self._size - len(self._bytes)
        # one byte more than announced: the stream has to end by itself, with its checksum
        rest = b"" if missing < 0 else self._stream.decompress(self._stream.unconsumed_tail, missing + 1)
        if len(rest) != missing or not self._stream.eof:
            raise ValueError(f"{self.name} is not compressed to {self._size} bytes as it says, expected a sound file")
        return bytes(self._bytes) + rest


def _subelement(data: bytes | memoryview, at: int, order: Order) -> tuple[int, bytes | memoryview, int]:
    """Type, bytes and where the next one starts; up to four bytes may stand inside the tag itself."""
    kind, size = struct.unpack_from(order + "II", data, at)
    start, end = at + 8, at + 8 + (size + 7) // 8 * 8
    if kind >> 16:
        kind, size, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        if size > 4:
            raise ValueError(f"found a small element of {size} bytes, expected at most 4")
    content = data[start : start + size]
    if len(content) != size:
        raise ValueError(f"found an element of {size} bytes and {len(content)} left, expected a whole variable")
    return kind, content, end


def _shape(kind: int, dimensions: bytes | memoryview, order: Order) -> tuple[int, ...]:
    count = len(dimensions) // 4
    if kind != INT32 or len(dimensions) % 4 or not 2 <= count <= DIMENSION_LIMIT:
        raise ValueError(f"found {len(dimensions)} bytes of type {kind}, expected 2 to {DIMENSION_LIMIT} dimensions")
    shape = struct.unpack(f"{order}{count}i", dimensions)
    if min(shape) < 0:
        raise ValueError(f"found dimensions {shape}, expected none below 0")
    return shape


def _name(kind: int, name: bytes | memoryview) -> str:
    text = bytes(name).decode("latin-1")
    # no name at all: MATLAB's own workspace of functions
    if kind != INT8 or len(text) > NAME_LIMIT or not (text == "" or (text.isascii() and text.isidentifier())):
        raise ValueError(f"found a variable named {text[:NAME_LIMIT]!r} (type {kind}), expected a MATLAB name")
    return text


def _stored_type(kind: int, own: np.dtype, name: str) -> np.dtype:
    """The type of the stored numbers: the array's own, or a smaller one (of integers, for an array of integers)."""
    stored = np.dtype(TYPES.get(kind, "V0"))
    if stored == own or (0 < stored.itemsize < own.itemsize and (own.kind == "f" or stored.kind != "f")):
        return stored
    found = stored if kind in TYPES else f"type {kind}"
    raise ValueError(f"{name} is stored as {found}, expected {own} or a smaller type")
