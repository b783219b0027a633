"""records/tfrecords.py: TensorFlow reads what it writes and the other way round; damage is named with its place."""

import struct

import numpy as np
import pytest

from records.runtime import tf
from records.tfrecords import read_records, write_records

RECORDS = [b"a", b"", bytes(range(256)) * 300, b"longer than the first"]
FRAME = 16  # bytes of length and checksums


@pytest.fixture
def file(tmp_path):
    assert write_records(tmp_path / "ä.tfrecords", iter(RECORDS)) == len(RECORDS)
    return tmp_path / "ä.tfrecords"


def test_tensorflow_reads_and_writes_the_same(file, tmp_path):
    assert [one.numpy() for one in tf.data.TFRecordDataset(str(file))] == RECORDS
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for one in RECORDS:
            writer.write(one)
    assert (tmp_path / "theirs").read_bytes() == file.read_bytes()
    assert list(read_records(tmp_path / "theirs")) == RECORDS


def test_an_empty_file_and_one_cut_between_records_look_sound(file):
    file.write_bytes(file.read_bytes()[: FRAME + 1])
    assert list(read_records(file)) == [b"a"]
    assert write_records(file, []) == 0 and file.read_bytes() == b"" and list(read_records(file)) == []


def read_until_damage(file) -> int:
    """How many records come before the damage."""
    found = []
    with pytest.raises(ValueError, match=f"{file.name}: found a damaged record after") as caught:
        found.extend(read_records(file))  # keeps what came before the error
    assert f"after {len(found)} sound ones" in str(caught.value) and found == RECORDS[: len(found)]
    return len(found)


@pytest.mark.parametrize("place, sound", [(3, 0), (9, 0), (12, 0), (14, 0), (-1, 3), (-8, 3), (2 * FRAME + 1 + 500, 2)])
def test_a_flipped_bit_is_seen_wherever_it_is(file, place, sound):
    data = bytearray(file.read_bytes())
    data[place] ^= 16
    file.write_bytes(data)
    assert read_until_damage(file) == sound


@pytest.mark.parametrize("left, sound", [(5, 0), (11, 0), (14, 0), (FRAME + 1 + 7, 1), (-1, 3), (-5, 3)])
def test_a_file_cut_within_a_record_is_damaged(file, left, sound):
    file.write_bytes(file.read_bytes()[:left])
    assert read_until_damage(file) == sound


def test_a_length_beyond_the_file_asks_for_no_memory(file):
    write_records(file, [struct.pack("<Q", 1 << 60)])
    data = file.read_bytes()
    assert int(np.frombuffer(data[12:20], "<u8")[0]) == 1 << 60
    file.write_bytes(data[12:24])  # a sound length, and nothing behind it
    with pytest.raises(ValueError, match="found a damaged record after 0 sound ones"):
        list(read_records(file))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        list(read_records(tmp_path / "absent"))
