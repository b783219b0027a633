"""records/examples.py: the bytes are those of TensorFlow's own messages, whose import it does without."""

import numpy as np
import pytest

from records.examples import ParsedExample, bytes_of, floats_of, numbers_of, serialised_example
from records.runtime import tf

WORDS, FLOATS, NUMBERS = [b"one", b"", "zwölf".encode()], [0.1, -3.5, np.nan, np.inf, 7], [0, -1, 1 << 60]


def theirs() -> tf.train.Example:
    features = {
        "words": tf.train.Feature(bytes_list=tf.train.BytesList(value=WORDS)),
        "floats": tf.train.Feature(float_list=tf.train.FloatList(value=FLOATS)),
        "numbers": tf.train.Feature(int64_list=tf.train.Int64List(value=NUMBERS)),
        "no words": tf.train.Feature(bytes_list=tf.train.BytesList(value=[])),
        "no floats": tf.train.Feature(float_list=tf.train.FloatList(value=[])),
        "no numbers": tf.train.Feature(int64_list=tf.train.Int64List(value=[])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


def ours() -> bytes:
    return serialised_example(
        **{"no words": bytes_of(), "no floats": floats_of(np.zeros((0, 3))), "no numbers": numbers_of()},
        numbers=numbers_of(*NUMBERS),
        words=bytes_of(*WORDS),
        floats=floats_of(np.array(FLOATS).reshape(5, 1)),
    )


def test_the_bytes_are_tensorflows_in_whatever_order_features_come():
    assert ours() == theirs().SerializeToString(deterministic=True)
    assert serialised_example() == tf.train.Example().SerializeToString()


def test_what_is_written_is_read():
    found = ParsedExample(theirs().SerializeToString())
    assert found.bytes("words") == WORDS and found.text("words") == "one" and found.numbers("numbers") == NUMBERS
    np.testing.assert_array_equal(found.floats("floats"), np.float32(FLOATS))
    assert found.floats("floats").dtype == found.floats("no floats").dtype == np.float32
    names = ("no words", "no numbers", "no floats"), ("absent", "absent", "absent")
    for words, numbers, floats in names:
        assert (found.bytes(words), found.numbers(numbers), found.floats(floats).shape) == ([], [], (0,))
    assert found.text("absent") == ""


def test_a_feature_of_another_kind_has_no_values_of_this_one():
    assert ParsedExample(ours()).floats("numbers").shape == (0,) and ParsedExample(ours()).bytes("floats") == []


def test_bytes_that_are_no_example_are_refused():
    with pytest.raises(ValueError, match="found 9 bytes that are no example"):
        ParsedExample(b"\xff" * 9)
