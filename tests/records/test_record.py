import dataclasses

import numpy as np
import pytest

from records.record import SIZE, Record, decode, encode
from records.runtime import tf
from tools.make.cut import encode_image

CONTEXTS = [0, 11]


def picture(context: int) -> np.ndarray:
    """A smooth BGR picture, different in every channel and direction."""
    edge = SIZE + 2 * context
    y, x = np.mgrid[:edge, :edge] / edge
    return np.stack([255 * x, 255 * y, 120 * (1 - x * y)], axis=2).astype(np.uint8)


def face(encoding: str = "raw", context: int = 0, points: int = 68) -> Record:
    label = np.linspace(-0.2, 1.3, 2 * points, dtype=np.float32)
    label[4:6] = np.nan
    pose = np.array([0.1, -0.2, np.nan], np.float32)
    return Record(encode_image(picture(context), encoding), label, pose, 217.5, "300W_LP/AFW", "Zoë_1_0", "Zoë")


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


def test_a_label_or_pose_of_another_shape_is_refused():
    for wrong in ({"label": np.zeros((68, 2))}, {"label": np.zeros(7)}, {"pose": np.zeros((1, 3))}):
        with pytest.raises(ValueError, match=r"Zoë_1_0: label is \(.*\), pose \(.*\), expected \(2K,\) and \(3,\)"):
            encode(dataclasses.replace(face(), **wrong))
