"""records/tensors.py: in a graph, a record is what was encoded; what was encoded otherwise is refused."""

import dataclasses

import numpy as np
import pytest

from records.record import encode
from records.runtime import tf
from records.tensors import decode
from tests.records.test_record import CONTEXTS, face, picture


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("encoding, tolerance", [("raw", 0), ("jpeg", 6)])
def test_what_is_encoded_is_decoded(encoding, tolerance, context):
    record = face(encoding, context)
    decoded = {key: value.numpy() for key, value in decode(encode(record), encoding, context, 68).items()}
    assert decoded["image"].dtype == np.uint8
    rgb = picture(context)[:, :, ::-1].astype(int)
    assert np.abs(decoded["image"] - rgb).max() <= tolerance
    np.testing.assert_array_equal(decoded["label"], record.label)
    np.testing.assert_array_equal(decoded["pose"], record.pose)
    assert decoded["side"] == np.float32(217.5)
    assert [decoded[name].decode() for name in ("subset", "name", "source")] == ["300W_LP/AFW", "Zoë_1_0", "Zoë"]


def test_a_record_from_before_sources_were_kept_has_an_empty_one():
    example = tf.train.Example.FromString(encode(face()))
    del example.features.feature["source"]
    decoded = decode(example.SerializeToString(), "raw", 0, 68)
    assert decoded["source"].numpy() == b"" and decoded["name"].numpy().decode() == "Zoë_1_0"


def test_a_doubt_that_nobody_told_is_unknown():
    doubtful = dataclasses.replace(face(), doubt=0.0175)
    assert decode(encode(doubtful), "raw", 0, 68)["doubt"] == np.float32(0.0175)
    assert np.isnan(decode(encode(face()), "raw", 0, 68)["doubt"])


def test_raw_without_context_is_read_by_the_classic_recipe():
    features = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([136], tf.float32)}
    parsed = tf.io.parse_single_example(encode(face("raw", 0)), features)
    image = tf.reshape(tf.io.decode_raw(parsed["image"], tf.uint8), [128, 128, 3]).numpy()
    np.testing.assert_array_equal(image, picture(0)[:, :, ::-1])
    np.testing.assert_array_equal(parsed["label"], face().label)
    assert encode(face()) == encode(face())  # the same bytes every time


@pytest.mark.parametrize("encoding", ["raw", "jpeg"])
def test_what_was_encoded_otherwise_is_refused(encoding):
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        decode(encode(face(encoding, 0)), encoding, 11, 68)
    assert decode(encode(face(encoding, points=5)), encoding, 0, 5)["label"].shape == (10,)
    with pytest.raises(tf.errors.InvalidArgumentError, match="label"):
        decode(encode(face(encoding, points=5)), encoding, 0, 68)
    with pytest.raises(ValueError, match="found 'png', expected one of jpeg, raw"):
        decode(encode(face(encoding)), "png", 0, 68)
