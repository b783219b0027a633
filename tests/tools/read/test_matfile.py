import os
import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from tools.read import matfile
from tools.read.matfile import list_names, read_mat

RNG = np.random.default_rng(4)
DOUBLE, SINGLE, INT16 = 6, 7, 10  # classes
U1, I2, F4, F8 = 2, 3, 7, 9  # types as stored


def element(kind: int, content: bytes, order: str = "<") -> bytes:
    """A tag, its bytes and the filling up to 8."""
    return struct.pack(order + "II", kind, len(content)) + content + bytes(-len(content) % 8)


def small(kind: int, content: bytes, order: str = "<") -> bytes:
    """The short form, of up to four bytes."""
    return struct.pack(order + "I", len(content) << 16 | kind) + content + bytes(4 - len(content))


def variable(values: bytes, kind=F8, flags=DOUBLE, shape=(2, 3), name=b"points", order="<") -> bytes:
    """A matrix with its tag, written from the format's description; `values` already packed."""
    shape = struct.pack(f"{order}{len(shape)}i", *shape)
    content = element(6, struct.pack(order + "II", flags, 0), order) + element(5, shape, order)
    content += element(1, name, order) + element(kind, values, order)
    return element(14, content, order)


def compressed(content: bytes, order: str = "<") -> bytes:
    return unfilled(zlib.compress(content), order)


def unfilled(packed: bytes, order: str = "<") -> bytes:
    """A compressed element, the only kind that is not filled up to 8."""
    return struct.pack(order + "II", 15, len(packed)) + packed


def write(folder: Path, *variables: bytes, order: str = "<", version: int = 0x0100) -> Path:
    path = folder / "a.mat"
    head = b"MATLAB 5.0 MAT-file, by hand".ljust(124)
    path.write_bytes(head + struct.pack(order + "HH", version, 0x4D49) + b"".join(variables))
    return path


SIX = np.arange(6.0)
SIX_BYTES = SIX.tobytes()


def assert_as_loadmat(path: Path) -> int:
    """All plain numeric variables are what loadmat makes of them; returns how many there are."""
    theirs = {name: value for name, value in scipy.io.loadmat(path).items() if not name.startswith("__")}
    assert list_names(path) == list(theirs)
    ours = read_mat(path, theirs)
    assert list(ours) == list(theirs)
    for name, values in ours.items():
        assert (values.dtype, values.shape) == (theirs[name].dtype.newbyteorder("="), theirs[name].shape), (path, name)
        np.testing.assert_array_equal(values, theirs[name])
    return len(theirs)


@pytest.mark.parametrize("compression", [False, True])
def test_whatever_savemat_writes_reads_as_with_loadmat(tmp_path, compression):
    kinds = ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")
    shapes = ((68, 2), (1, 1), (1, 3), (0, 0), (0, 5), (2, 3, 4), (1, 2, 1, 3))
    arrays = {
        f"{kind}_{index}": RNG.uniform(0, 100, shape).astype(kind)
        for kind in kinds
        for index, shape in enumerate(shapes)
    }
    arrays["truth"] = np.array([[True, False, True]])
    arrays["unknown"] = np.array([[np.nan, np.inf, -np.inf]])
    scipy.io.savemat(tmp_path / "a.mat", arrays, do_compression=compression)
    assert assert_as_loadmat(tmp_path / "a.mat") == len(kinds) * len(shapes) + 2


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("pack", [bytes, compressed])
def test_a_file_written_by_hand_in_either_byte_order(tmp_path, order, pack):
    one = variable(SIX.astype(order + "f8").tobytes(), order=order)
    path = write(tmp_path, one if pack is bytes else compressed(one, order), order=order)
    assert assert_as_loadmat(path) == 1
    (values,) = read_mat(path, ("points",)).values()
    np.testing.assert_array_equal(values, [[0, 2, 4], [1, 3, 5]])  # column by column
    assert values.dtype == np.dtype("f8") and values.dtype.isnative and values.flags.writeable


@pytest.mark.parametrize(
    "kind, own, dtype",
    [(U1, DOUBLE, "u1"), (I2, DOUBLE, "i2"), (F4, DOUBLE, "f4"), (U1, SINGLE, "u1"), (U1, INT16, "u1")],
)
def test_whole_numbers_stored_in_a_smaller_type(tmp_path, kind, own, dtype):
    path = write(tmp_path, variable(SIX.astype(dtype).tobytes(), kind, own))
    assert assert_as_loadmat(path) == 1
    assert read_mat(path, ["points"])["points"].dtype == dtype


OTHERS = {
    "complex": SIX[:, None] + 2j,
    "sparse": scipy.sparse.csc_matrix(np.eye(3)),
    "text": "words",
    "a cell": np.array([1, "a"], dtype=object),
    "a structure": {"field": 3},
}


@pytest.mark.parametrize("compression", [False, True])
def test_variables_that_are_not_asked_for_may_be_anything(tmp_path, compression):
    arrays = {f"v{index}": value for index, value in enumerate(OTHERS.values())}
    scipy.io.savemat(tmp_path / "a.mat", {**arrays, "points": SIX}, do_compression=compression)
    found = read_mat(tmp_path / "a.mat", ("points", "absent"))
    assert list(found) == ["points"]
    np.testing.assert_array_equal(found["points"], SIX[None])
    assert list_names(tmp_path / "a.mat") == [*arrays, "points"]


def test_an_object_without_dimensions_is_no_obstacle(tmp_path):
    opaque = element(14, element(6, struct.pack("<II", 17, 0)) + element(1, b"thing") + element(1, b"MCOS"))
    assert read_mat(write(tmp_path, opaque, variable(SIX_BYTES)), ["points"])["points"].shape == (2, 3)


HUGE = 2**31 - 1
BAD = {
    "a tag of another type": (element(9, SIX_BYTES), "element of type 9 at byte 128, expected a matrix"),
    "zeros behind": (variable(SIX_BYTES) + bytes(8), "element of type 0 at byte"),
    "longer than the file": (variable(SIX_BYTES)[:-1], "bytes and 103 left, expected a whole file"),
    "too few numbers": (variable(SIX_BYTES[:-8]), r"points \(2, 3\) has 40 bytes, expected 48"),
    "2^93 numbers": (variable(SIX_BYTES, shape=(HUGE,) * 3), r"has 48 bytes, expected 7922816\d+"),
    "a negative dimension": (variable(SIX_BYTES, shape=(-2, -3)), r"dimensions \(-2, -3\), expected none below 0"),
    "one dimension": (variable(SIX_BYTES, shape=(6,)), "4 bytes of type 5, expected 2 to 8 dimensions"),
    "a class of its own": (variable(SIX_BYTES, flags=99), "variable of class 99, expected 1 to 17"),
    "a type of its own": (variable(SIX_BYTES, kind=10), "points is stored as type 10, expected float64 or a smaller"),
    "a larger type": (variable(SIX_BYTES, flags=SINGLE), "points is stored as float64, expected float32 or a smaller"),
    "fractions of integers": (variable(SIX_BYTES[:24], kind=F4, flags=12), "stored as float32, expected int32"),
    "no name of MATLAB's": (variable(SIX_BYTES, name=b"po\xffnts"), "variable named 'poÿnts'"),
    "flags cut": (element(14, element(6, b"1234")), "4 bytes of type 6, expected 8 array flags"),
    "a short element too long": (
        element(14, element(6, struct.pack("<II", 6, 0)) + struct.pack("<II", 5 << 16 | 5, 0)),
        "small element of 5 bytes, expected at most 4",
    ),
    "an inner length too long": (
        element(14, element(6, struct.pack("<II", 6, 0)) + struct.pack("<II", 5, HUGE)),
        "element of 2147483647 bytes and 0 left, expected a whole variable",
    ),
    "the same name twice": (variable(SIX_BYTES) * 2, "two variables points, expected one"),
    "too many variables": (element(14, b"") * 1001, "more than 1000 variables, expected fewer"),
    "no compression": (element(15, b"no zlib."), "damaged compression .*incorrect header check"),
    "a checksum that is wrong": (
        unfilled(zlib.compress(variable(SIX_BYTES))[:-1] + b"?"),
        "damaged compression .*incorrect data check",
    ),
    "more than it says": (compressed(variable(SIX_BYTES) + b"more"), "points is not compressed to 104 bytes"),
    "compressed twice": (compressed(compressed(variable(SIX_BYTES))), "compressed element of type 15, expected"),
}


@pytest.mark.parametrize("case", BAD)
def test_damage_is_named(tmp_path, case):
    content, message = BAD[case]
    with pytest.raises(ValueError, match=f"^a.mat: .*{message}"):
        read_mat(write(tmp_path, content), ["points"])


@pytest.mark.parametrize(
    "content, found",
    [
        (b"", "an empty file"),
        (b"MATLAB 5.0 MAT-file", "a cut MATLAB header"),
        (b"garbage" * 40, "no MATLAB header"),
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\x02IM" + bytes(600), "a MATLAB 7.3 file (HDF5)"),
        (struct.pack(">5i", 1000, 1, 6, 0, 7) + b"points\0" + SIX_BYTES, "a MATLAB 4 file"),
    ],
)
def test_other_files_are_named(tmp_path, content, found):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(ValueError, match=f"^a.mat: found {re.escape(found)}, expected a MATLAB 5 file"):
        read_mat(tmp_path / "a.mat", ["points"])


def test_a_missing_file_a_folder_and_a_pipe(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_mat(tmp_path / "absent.mat", ["points"])
    os.mkfifo(tmp_path / "pipe.mat")  # opening it would wait for ever
    for path in (tmp_path, tmp_path / "pipe.mat"):
        with pytest.raises(ValueError, match=f"^{path.name}: found a folder, device or pipe"):
            read_mat(path, ["points"])


def test_a_file_over_the_limit_is_not_read(tmp_path):
    path = write(tmp_path, variable(SIX_BYTES))
    os.truncate(path, matfile.FILE_LIMIT + 1)
    with pytest.raises(ValueError, match=f"^a.mat: found {matfile.FILE_LIMIT + 1} bytes, expected at most 16777216"):
        read_mat(path, ["points"])


@pytest.mark.parametrize("pack", [bytes, compressed])
def test_an_array_over_the_limit_is_refused_and_can_be_passed_by(tmp_path, pack):
    shape = (1, matfile.ARRAY_LIMIT)
    path = write(tmp_path, pack(variable(bytes(shape[1]), U1, shape=shape, name=b"much")), variable(SIX_BYTES))
    assert list(read_mat(path, ["points"])) == ["points"]
    with pytest.raises(ValueError, match=r"^a.mat: much has 10486\d\d bytes, expected at most 1048576"):
        read_mat(path, ["much"])


def test_a_compression_bomb_is_not_inflated(tmp_path):
    """64 MB of zeros behind a variable that says it is small."""
    path = write(tmp_path, compressed(variable(SIX_BYTES) + bytes(64 << 20)))
    tracemalloc.start()
    with pytest.raises(ValueError, match="is not compressed to 104 bytes as it says"):
        read_mat(path, ["points"])
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
