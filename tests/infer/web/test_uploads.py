"""What is read from a request: pictures, boxes, options, and the errors for each."""

import base64
import io
import json

import numpy as np
import pytest
from werkzeug.test import EnvironBuilder

from infer.web.body import BATCH_OPTIONS, OPTIONS, MemoryRequest, read_parts, safe_name
from infer.web.limits import Limits
from infer.web.problems import Problem
from infer.web.uploads import (
    AnswerOptions,
    Upload,
    all_uploads,
    one_upload,
    parse_box_lists,
    parse_boxes,
    read_options,
)

LIMITS = Limits(boxes=2, pictures=3, detect_size=800)
GROUPS = {"jaw": [0], "eyes": [1]}


def request(**kw) -> MemoryRequest:
    return MemoryRequest(EnvironBuilder(method="POST", **kw).get_environ())


def status_of(call, *args) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        call(*args)
    return caught.value.status, caught.value.detail


def read_upload(request: MemoryRequest, limits: Limits) -> Upload:
    return one_upload(read_parts(request, OPTIONS, 1), limits)


def read_uploads(request: MemoryRequest, limits: Limits) -> list[Upload]:
    return all_uploads(read_parts(request, BATCH_OPTIONS, limits.pictures, raw=False), limits)


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


ENCODED = base64.b64encode(b"\xfb\xff\xfe?").decode()  # +//+Pw==


@pytest.mark.parametrize(
    "text", [ENCODED, "-__-Pw", "+//+\r\nPw==", f"data:image/jpeg;base64,{ENCODED}", f"data:;base64,{ENCODED}"]
)
def test_a_picture_in_base64_is_the_same_in_json(text):
    upload = read_upload(request(json={"image": text, "boxes": [[1, 2, 3.5, 4]]}), LIMITS)
    assert (upload.name, upload.data, upload.boxes.tolist()) == ("image", b"\xfb\xff\xfe?", [[1, 2, 3.5, 4]])
    body = json.dumps({"image": [text, ""], "boxes": [None, []]})
    first, second = read_uploads(request(data=body, content_type="text/plain"), LIMITS)
    assert (first.data, first.boxes, second.data, second.boxes.shape) == (upload.data, None, b"", (0, 4))


QUERY = {"format": "png", "passes": "4", "detect_size": "640", "groups": "eyes,jaw", "numbers": "true", "face": "3"}
QUERY |= {"errors": "1"}
MEMBERS = {"format": "png", "passes": 4, "detect_size": 640, "groups": "eyes,jaw", "numbers": True, "face": 3}
MEMBERS |= {"errors": True}
WANTED = AnswerOptions("png", 4, ("eyes", "jaw"), True, 3, 640, True)


@pytest.mark.parametrize(
    "given",
    [
        {"data": b"a", "query_string": QUERY},
        form(b"a", **QUERY),
        form(b"a", **QUERY) | {"query_string": {"face": "3"}},
        {"json": {"image": ENCODED, **MEMBERS}},
    ],
)
def test_options_count_alike_in_query_form_and_json(given):
    assert read_options(read_parts(request(**given), OPTIONS, 1).options, GROUPS, LIMITS) == WANTED


def test_a_large_upload_stays_in_memory(monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", fail)
    data = bytes(3_000_000)
    assert read_upload(request(**form(data)), LIMITS).data == data


def part(headers: str) -> dict:
    """A form of one part with these headers, in Latin-1."""
    body = f"--x\r\nContent-Disposition: form-data{headers}\r\n\r\n1\r\n--x--\r\n"
    return {"data": body.encode("latin-1"), "content_type": "multipart/form-data; boundary=x"}


def as_json(text: str) -> dict:
    return {"data": text, "content_type": "application/json"}


TWICE = [("passes", "1"), ("passes", "2")]
URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "read, given, status, words",
    [
        (read_upload, {"data": b""}, 400, "found nothing in the body"),
        (read_upload, form(b""), 400, "found nothing in the body or its field image"),
        (
            read_upload,
            {"data": {"picture": (io.BytesIO(b"a"), "a.png")}},
            400,
            "form: found 'picture', expected no other",
        ),
        (read_upload, {"data": {"passes": (io.BytesIO(b"a"), "a.png")}}, 400, "files of the form: found 'passes', "),
        (read_upload, part(""), 400, "form: found 'None'"),
        (read_upload, part('; name="passes"'), 400, "found a form without a file"),
        (read_upload, part('; name="image"'), 400, "image: found the text '1', expected a file"),
        (read_upload, {"data": b"image=photo.jpg", "content_type": URLENCODED}, 400, "found a form without files"),
        (
            read_upload,
            part('; name="image"; filename="caf\xe9.jpg"'),
            400,
            r'no UTF-8 (Content-Disposition: form-data; name="image"; filename="caf\xe9.jpg")',
        ),
        (read_upload, {"data": b"a", "content_type": "multipart/form-data"}, 400, "cannot be read (Missing boundary)"),
        (
            read_upload,
            {"data": b"a", "query_string": {"pases": "1"}},
            400,
            "query: found 'pases', expected no other than format, passes",
        ),
        (read_upload, form(b"a", pases="1"), 400, "form: found 'pases', expected no other than format, passes"),
        (read_upload, {"json": {"image": ENCODED, "pases": 1}}, 400, "JSON: found 'pases', expected no other than"),
        (read_uploads, form(b"a", format="csv"), 400, "form: found 'format', expected no other than passes, "),
        (read_upload, form(b"a", passes="1") | {"query_string": {"passes": "2"}}, 400, "passes: found '2' and '1'"),
        (read_upload, {"data": b"a", "query_string": TWICE}, 400, "passes: found '1' and '2', expected one value"),
        (read_upload, as_json('{"image": "YQ", "passes": 1, "passes": 2}'), 400, "passes: found '1' and '2'"),
        (read_upload, as_json('{"image": "YQ", "image": "Yg"}'), 400, "image: found it 2 times"),
        (read_upload, as_json('{"image": "YQ", "passes": "1"}'), 400, 'passes: found "1", expected a whole number'),
        (read_upload, as_json('{"image": ["YQ", "Yg"]}'), 413, "found 2 pictures, expected at most 1"),
        (read_upload, as_json('{"image": null}'), 400, "image: found null, expected text"),
        (read_upload, as_json('{"image": "photo.jpg"}'), 400, "image: found 'photo.jpg', expected a picture in base64"),
        (read_upload, as_json('{"image": "é"}'), 400, "image: found 'é', expected a picture in base64"),
        (read_upload, as_json('{"image": ""}'), 400, "found nothing in the body"),
        (read_upload, as_json('{"picture": "YQ"}'), 400, "found no image, expected JSON {"),
        (read_upload, as_json('["YQ"]'), 400, "found no image"),
        (read_upload, as_json("{"), 400, "the body: found b'{', expected JSON"),
        (read_upload, as_json("[" * 100_000), 400, "expected JSON"),
        (read_upload, {"data": b"a", "headers": {"Content-Encoding": "gzip"}}, 415, "coded as gzip"),
        (read_upload, {"data": b"a", "query_string": {"boxes": "[[1"}}, 400, "expected JSON"),
        (read_upload, form(b"a", b"", b"c"), 413, "found 3 pictures, expected at most 1"),
        (read_uploads, form(b"a", b"b", b"c", b"d"), 413, "found 4 pictures, expected at most 3"),
        (read_uploads, {"data": b"raw"}, 415, "expected multipart/form-data or application/json"),
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
    assert read_options({}, GROUPS, LIMITS) == AnswerOptions()
    assert read_options({"groups": "", "numbers": "True"}, GROUPS, LIMITS) == AnswerOptions(groups=(), numbers=True)
    wrong = {"format": "xml", "passes": "5", "groups": "ears", "numbers": "yes", "face": "-1", "errors": "0.5"}
    for key, value in [
        *wrong.items(),
        ("passes", "0"),
        ("passes", "२"),
        ("passes", ""),
        ("detect_size", "319"),
        ("detect_size", "801"),
        ("face", "9" * 5000),
    ]:
        status, detail = status_of(read_options, {key: value}, GROUPS, LIMITS)
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
