"""What is read from a request: pictures, boxes, options, and the errors for each."""

import io
import json

import numpy as np
import pytest
from werkzeug.test import EnvironBuilder

from infer.web.limits import Limits
from infer.web.problems import Problem
from infer.web.uploads import (
    AnswerOptions,
    MemoryRequest,
    parse_box_lists,
    parse_boxes,
    read_options,
    read_upload,
    read_uploads,
    safe_name,
)

LIMITS = Limits(boxes=2, pictures=3)
GROUPS = {"jaw": [0], "eyes": [1]}


def request(**kw) -> MemoryRequest:
    return MemoryRequest(EnvironBuilder(method="POST", **kw).get_environ())


def status_of(call, *args) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        call(*args)
    return caught.value.status, caught.value.detail


def form(*pictures: bytes, **fields) -> dict:
    """The multipart fields of pictures named 0, 1 ... and others."""
    return {"data": {"image": [(io.BytesIO(data), f"../x/{index}") for index, data in enumerate(pictures)], **fields}}


@pytest.mark.parametrize("kind", ["image/jpeg", "application/x-www-form-urlencoded", None])
def test_a_raw_body_is_the_picture_whatever_its_type_says_and_a_form_has_one(kind):
    upload = read_upload(request(data=b"abc=1&x", content_type=kind, query_string={"boxes": "[[1,2,3.5,4]]"}), LIMITS)
    assert (upload.name, upload.data, upload.boxes.tolist()) == ("image", b"abc=1&x", [[1, 2, 3.5, 4]])
    upload = read_upload(request(**form(b"abc", boxes="[]")), LIMITS)
    assert (upload.name, upload.data, upload.boxes.shape, upload.boxes.dtype) == ("0", b"abc", (0, 4), np.float64)
    assert read_upload(request(**form(b"abc")), LIMITS).boxes is None


def test_a_large_upload_stays_in_memory(monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", fail)
    data = bytes(3_000_000)
    assert read_upload(request(**form(data)), LIMITS).data == data


NAMELESS = b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"


@pytest.mark.parametrize(
    "read, given, status, words",
    [
        (read_upload, {"data": b""}, 400, "found nothing in the body"),
        (read_upload, form(b""), 400, "found nothing in the field image"),
        (read_upload, {"data": {"picture": (io.BytesIO(b"a"), "a.png")}}, 400, "found the fields picture, "),
        (
            read_upload,
            {"data": NAMELESS, "content_type": "multipart/form-data; boundary=x"},
            400,
            "found the fields None",
        ),
        (read_upload, {"data": b"a", "headers": {"Content-Encoding": "gzip"}}, 415, "coded as gzip"),
        (read_upload, {"data": b"a", "query_string": {"boxes": "[[1"}}, 400, "expected JSON"),
        (read_upload, form(b"a", b"", b"c"), 413, "found 3 pictures, expected at most 1"),
        (read_uploads, form(b"a", b"b", b"c", b"d"), 413, "found 4 pictures, expected at most 3"),
        (read_uploads, {"data": b"raw"}, 415, "expected multipart/form-data"),
        (read_uploads, form(b"a", b"b", boxes="[null]"), 422, "boxes: found 1 lists"),
        (read_uploads, form(b"a", b"b", boxes="{}"), 422, "boxes: found dict"),
    ],
)
def test_what_is_refused(read, given, status, words):
    found = status_of(read, request(**given), LIMITS)
    assert found[0] == status and words in found[1]


def test_a_batch_with_boxes_for_some_and_an_empty_picture():
    first, second = read_uploads(request(**form(b"a", b"", boxes="[null,[[0,0,5,5]]]")), LIMITS)
    assert (first.name, first.data, first.boxes) == ("0", b"a", None)
    assert (second.name, second.data, second.boxes.tolist()) == ("1", b"", [[0, 0, 5, 5]])
    assert [one.boxes for one in read_uploads(request(**form(b"a", b"b")), LIMITS)] == [None, None]


NO_BOXES = ["5", "[1, 2, 3, 4]", "[[1, 2, 3]]", "[[1, 2, 1, 4]]", "[[1, 2, 3, 2.5]]", "[[NaN, 2, 3, 4]]"]
NO_BOXES += [
    "[[0, 0, Infinity, 4]]",
    "[[0, 0, 1e7, 4]]",
    f"[[0, 0, {10**400}, 4]]",
    "[[true, 0, 5, 5]]",
    '[["0", 0, 5, 5]]',
]
NO_JSON, TOO_MANY = ["", "[" * 100_000], json.dumps([[0, 0, 5, 5]] * 3)


@pytest.mark.parametrize(
    "value, status", [*((text, 422) for text in NO_BOXES), *((text, 400) for text in NO_JSON), (TOO_MANY, 413)]
)
def test_boxes_that_are_none(value, status):
    assert status_of(parse_boxes, value, LIMITS)[0] == status
    if status != 400:
        assert status_of(parse_box_lists, f"[{value}]", 1, LIMITS)[0] == status


def test_options_and_their_errors():
    assert read_options(request(), GROUPS) == AnswerOptions()
    query = {"format": "png", "passes": "4", "groups": "eyes,jaw", "numbers": "true", "face": "3"}
    assert read_options(request(query_string=query), GROUPS) == AnswerOptions("png", 4, ("eyes", "jaw"), True, 3)
    assert read_options(request(query_string={"groups": ""}), GROUPS).groups == ()
    wrong = {"format": "xml", "passes": "5", "groups": "ears", "numbers": "yes", "face": "-1"}
    for key, value in [*wrong.items(), ("passes", "0"), ("passes", "२"), ("passes", ""), ("face", "9" * 5000)]:
        status, detail = status_of(read_options, request(query_string={key: value}), GROUPS)
        assert status == 400 and detail.startswith(f"{key}: found {value[:40]!r}, expected ")


@pytest.mark.parametrize(
    "given, name",
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a b.jpg", "a b.jpg"),
        ("a\0\n\x1b[31m.png", "a[31m.png"),
        ("..", ".."),
        ("/", "image"),
        ("", "image"),
        (None, "image"),
        ("ü\ud800.png", "ü.png"),
        ("x" * 999 + ".png", "x" * 196 + ".png"),
    ],
)
def test_names_are_given_back_without_folders_or_control_characters(given, name):
    assert safe_name(given) == name
