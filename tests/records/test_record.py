import dataclasses

import numpy as np
import pytest

from records import tensors
from records.examples import bytes_of, floats_of, serialised_example
from records.record import SIZE, Record, decode, decode_image, encode, read
from records.tfrecords import write_records
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
    found = decode(encode(record))
    assert dataclasses.replace(found, label=record.label, pose=record.pose) == record
    for name in ("label", "pose"):
        assert getattr(found, name).dtype == np.float32
        np.testing.assert_array_equal(getattr(found, name), getattr(record, name))
    image = decode_image(found.image, encoding, context)
    assert image.dtype == np.uint8 and np.abs(image - picture(context)[:, :, ::-1].astype(int)).max() <= tolerance
    np.testing.assert_array_equal(image, tensors.decode_image(found.image, encoding, context))


def test_records_of_several_shards_come_in_their_order(tmp_path):
    names = [str(tmp_path / name) for name in ("b", "a")]
    for number, name in enumerate(names):
        write_records(name, [encode(face(points=5 + number)), encode(face(points=9))])
    assert [len(one.label) for one in read(names)] == [10, 18, 12, 18]


def test_a_record_from_before_sources_were_kept_has_an_empty_one():
    old = serialised_example(image=bytes_of(b"i"), side=floats_of([3]), name=bytes_of(b"n"))
    assert (decode(old).source, decode(old).name, decode(old).side) == ("", "n", 3)


def test_a_doubt_is_kept_and_without_one_there_is_no_such_key():
    certain, doubtful = face(), dataclasses.replace(face(), doubt=0.0175)
    assert decode(encode(doubtful)).doubt == np.float32(0.0175) and decode(encode(certain)).doubt is None
    assert b"doubt" in encode(doubtful) and b"doubt" not in encode(certain)


def test_what_is_no_face_is_refused():
    features = {"image": bytes_of(b"i")}, {"side": floats_of(1)}, {}
    for wrong in (serialised_example(**some) for some in features):
        with pytest.raises(ValueError, match="without image or side"):
            decode(wrong)


@pytest.mark.parametrize("encoding", ["raw", "jpeg"])
def test_a_picture_of_another_size_or_none_is_refused(encoding):
    for image in (face(encoding, 0).image, b"", b"none"):
        with pytest.raises(ValueError, match=f"found {len(image)} bytes that are no picture of 150x150"):
            decode_image(image, encoding, 11)
    with pytest.raises(ValueError, match="found 'png', expected one of jpeg, raw"):
        decode_image(face(encoding).image, "png", 0)


def test_a_label_or_pose_of_another_shape_is_refused():
    for wrong in ({"label": np.zeros((68, 2))}, {"label": np.zeros(7)}, {"pose": np.zeros((1, 3))}):
        with pytest.raises(ValueError, match=r"Zoë_1_0: label is \(.*\), pose \(.*\), expected \(2K,\) and \(3,\)"):
            encode(dataclasses.replace(face(), **wrong))
