"""The REST routes: answers held against infer's own, errors as problem details, headers, metrics, concurrency."""

import csv
import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from infer.files.pictures import decode_picture
from infer.files.points import face_entry, pts_text
from infer.landmarker import Landmarker
from infer.web.app import HEADERS
from infer.web.limits import Limits
from infer.web.problems import MEDIA_TYPE
from tests.helpers.tiny_model import CALIBRATED, write_model
from tests.helpers.web_service import PHOTO, SHIPPED, application, drawn

LANDMARKS, BATCH = "/api/v1/landmarks", "/api/v1/landmarks/batch"
PIXELS = 400_000


@pytest.fixture(scope="module")
def app():
    with application(2, Limits(upload=900_000, pixels=PIXELS, pictures=4, boxes=8, rate=0)) as made:
        yield made


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture(scope="module")
def landmarker():
    """The same model, asked without any service."""
    return Landmarker(SHIPPED)


def within(*boxes) -> dict[str, str]:
    """The query for faces in these boxes."""
    return {"boxes": json.dumps([np.asarray(box).tolist() for box in boxes])}


def upload(name: str, data: bytes) -> tuple:
    return io.BytesIO(data), name


def faces_alone(landmarker, data: bytes, box) -> list[dict]:
    """What the JSON has to say of the face in a box."""
    faces = landmarker.fit_faces(decode_picture(data, "x"), [box])
    return [face_entry(face, landmarker.contract.points.whole) for face in faces]


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    """A client of a service whose model tells how far off each of its five points may be, and that model's path."""
    model = write_model(tmp_path_factory.mktemp("telling"), spread=CALIBRATED)
    with application(model=model) as app:
        yield app.test_client(), model


def problem_of(response) -> tuple[int, str]:
    """The status and the detail of a problem, checked to be one as RFC 9457 has it."""
    body = response.get_json()
    assert response.content_type == MEDIA_TYPE
    assert set(body) == {"type", "title", "status", "detail"} and body["status"] == response.status_code
    assert body["type"] == "about:blank" and body["title"] and "\n" not in body["detail"]
    return response.status_code, body["detail"]


def test_detection_answers_as_the_command_line_does(client, landmarker):
    data = PHOTO.read_bytes()
    image = decode_picture(data, "x")
    expected = [face_entry(face, landmarker.contract.points.whole) for face in landmarker.detect(image)]
    assert len(expected) == 1 and set(expected[0]) == {"box", "points", "errors", "sure", "score", "pose", "open"}
    entry = {"width": image.shape[1], "height": image.shape[0], "faces": expected}
    raw = client.post(LANDMARKS, data=data)
    assert raw.content_type == "application/json" and raw.get_json() == {"images": [{"file": "image"} | entry]}
    form = client.post(LANDMARKS, data={"image": upload("a/drawn.jpg", data)})
    assert form.get_json() == {"images": [{"file": "drawn.jpg"} | entry]}
    steps = [part.partition(";dur=") for part in form.headers["Server-Timing"].split(", ")]
    assert [step for step, _, _ in steps] == ["wait", "decode", "find", "write", "total"]
    times = [float(value) for _, _, value in steps]
    assert all(value >= 0 for value in times) and times[-1] == pytest.approx(sum(times[:-1]), abs=0.3)


def test_boxes_instead_of_detection_and_passes(client, landmarker):
    data, box = drawn(3)
    answer = client.post(LANDMARKS, data={"image": upload("a.png", data), **within(box)}).get_json()
    assert answer["images"][0]["faces"] == faces_alone(landmarker, data, box)
    once = client.post(LANDMARKS, query_string=within(box) | {"passes": 1}, data=data).get_json()["images"][0]["faces"]
    first = landmarker.fit(decode_picture(data, "x"), [box], 1)[0]
    assert once[0]["points"] == np.round(first.astype(float), 2).tolist()
    assert client.post(LANDMARKS, query_string=within(), data=data).get_json()["images"][0]["faces"] == []


def test_csv_and_pts_are_infers_own(client):
    data, box = drawn(4)
    query = within(box, box + 3)
    faces = client.post(LANDMARKS, query_string=query, data=data).get_json()["images"][0]["faces"]
    answer = client.post(LANDMARKS, query_string=query | {"format": "csv"}, data=data)
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert answer.content_type == "text/csv; charset=utf-8"
    assert header[:3] == ["file", "x0", "y0"] and header[-1] == "error67" and len(header) == 1 + 3 * 68
    expected = [[*np.ravel(face["points"]), *face["errors"]] for face in faces]
    np.testing.assert_array_equal([np.float64(row[1:]) for row in rows], expected)
    answer = client.post(LANDMARKS, query_string=query | {"format": "pts", "face": 1}, data=data)
    lines = answer.text.splitlines()
    assert lines[:3] == ["version: 1", "n_points: 68", "{"] and answer.content_type == "text/plain; charset=utf-8"
    found = np.array([line.split() for line in lines[3:-1]], float)
    np.testing.assert_allclose(found - 1, faces[1]["points"], atol=0.006)  # both are rounded
    assert pts_text(found - 1) == answer.text
    status, detail = problem_of(client.post(LANDMARKS, query_string=query | {"format": "pts", "face": 2}, data=data))
    assert (status, detail) == (422, "image: found 2 faces, expected one of number 2")


def test_png_has_what_was_asked_for(client, landmarker):
    data, box = drawn(5)

    def png(**options) -> np.ndarray:
        answer = client.post(LANDMARKS, query_string=within(box) | {"format": "png"} | options, data=data)
        assert answer.content_type == "image/png"
        return cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_COLOR)

    image = decode_picture(data, "x")
    points = landmarker.fit(image, [box])[0].round().astype(int)
    np.testing.assert_array_equal(png(groups=""), image)

    def touched(picture, indices) -> float:
        return np.mean([(picture[y, x] != image[y, x]).any() for x, y in points[list(indices)]])

    groups = landmarker.contract.points.groups
    assert touched(png(), range(68)) > 0.9
    mouth = png(groups="mouth")
    assert touched(mouth, groups["mouth"]) > 0.9 and touched(mouth, groups["jaw"]) == 0
    assert (png(numbers="true") != png()).any()


def test_errors_come_with_the_points(telling):
    client, model = telling
    data, box = drawn(8)
    image, landmarker = decode_picture(data, "x"), Landmarker(model)
    (face,) = landmarker.fit_faces(image, [box])
    assert len(set(face.errors)) == 5 and face.errors.min() > 0
    (found,) = client.post(LANDMARKS, query_string=within(box), data=data).get_json()["images"][0]["faces"]
    assert found["errors"] == np.round(face.errors.astype(float), 2).tolist() and found["sure"] == round(face.sure, 4)
    answer = client.post(LANDMARKS, query_string=within(box) | {"format": "csv"}, data=data)
    header, row = csv.reader(io.StringIO(answer.text))
    assert header[9:] == ["x4", "y4", *(f"error{index}" for index in range(5))]
    assert [float(cell) for cell in row[11:]] == found["errors"]
    schema = client.get("/api/v1/openapi.json").get_json()["components"]["schemas"]["Face"]["properties"]["errors"]
    assert [one.get("minItems") for one in schema["anyOf"]] == [5, None]


def test_a_png_shows_errors_where_asked_for(telling, tmp_path):
    data, box = drawn(8)

    def png(asked, **options) -> np.ndarray:
        answer = asked.post(LANDMARKS, query_string=within(box) | {"format": "png"} | options, data=data)
        return cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_COLOR).astype(int)

    image, landmarker = decode_picture(data, "x"), Landmarker(telling[1])
    (face,) = landmarker.fit_faces(image, [box])
    plain, shown, nose = png(telling[0]), png(telling[0], errors="true"), png(telling[0], errors="true", groups="nose")
    at = (face.points + np.stack([0 * face.errors, -face.errors], axis=1)).round().astype(int)  # above each point
    tinted = [
        np.abs(picture - other)[at[:, 1], at[:, 0]].max(axis=1) > 20
        for picture, other in ((shown, plain), (nose, image))
    ]
    assert tinted[0].all() and tinted[1].tolist() == [False, False, True, False, False]
    with application(model=write_model(tmp_path)) as app:  # whose model does not tell them
        np.testing.assert_array_equal(png(app.test_client()), png(app.test_client(), errors="true"))


@pytest.mark.parametrize(
    "data, status, words",
    [
        (b"", 400, "found nothing in the body"),
        (b"%PDF-1.7", 415, "image: found no picture that it knows"),
        (drawn(1)[0][:-30], 422, "image: found a truncated PNG"),
        (
            cv2.imencode(".png", np.zeros((500, 801, 3), np.uint8))[1].tobytes(),
            413,
            "801x500 pixels, expected at most 0.4",
        ),
        (b"\xff\xd8\xff" + bytes(900_000), 413, "expected at most 0.9 MB"),
    ],
)
def test_what_is_refused_and_why(client, data, status, words):
    found = problem_of(client.post(LANDMARKS, data=data))
    assert found[0] == status and words in found[1]


def test_wrong_requests(client):
    data, _ = drawn(1)
    cases = [
        (client.post(LANDMARKS, data=data, query_string={"boxes": "[[5,5,1,1]]"}), 422),
        (client.post(LANDMARKS, data=b"no form", content_type="multipart/form-data; boundary=x"), 400),
        (client.post(LANDMARKS, data={"image": upload("a", data)} | {f"f{n}": "1" for n in range(40)}), 413),
        (client.post(LANDMARKS, data={"image": upload("a", data), "boxes": "[" + "0," * 100_000 + "0]"}), 413),
        (client.post(BATCH, data={"image": [upload(str(n), data) for n in range(5)]}), 413),
        (client.post(BATCH, data=data), 415),
        (client.get("/api/v1/nothing"), 404),
        (client.get("/api/v1/model", base_url="http://evil.example"), 400),
        (client.get("/", base_url="http://evil.example", headers={"Accept": "text/html"}), 400),
    ]
    for response, status in cases:
        assert problem_of(response)[0] == status
    response = client.get(LANDMARKS)
    assert problem_of(response)[0] == 405 and set(response.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_batch_keeps_its_order_and_a_bad_picture_stands_alone(client, landmarker):
    (first, box), (third, other) = drawn(6), drawn(7)
    form = {"image": [upload("same.png", first), upload("bad.png", first[:99]), upload("same.png", third)]}
    form["boxes"] = json.dumps([[box.tolist()], None, [other.tolist()]])
    one, bad, three = client.post(BATCH, data=form).get_json()["images"]
    assert one["faces"] == faces_alone(landmarker, first, box) and one["file"] == "same.png"
    assert three["faces"] == faces_alone(landmarker, third, other) != one["faces"]
    assert bad["file"] == "bad.png" and bad["error"]["status"] == 422 and "truncated" in bad["error"]["detail"]
    assert set(bad) == {"file", "error"}


def test_every_client_gets_its_own_face(app, landmarker):
    """8 clients at once, again and again: equal to the answers alone, to the last digit."""
    faces = [drawn(seed) for seed in range(20, 28)]
    alone = [faces_alone(landmarker, *face) for face in faces]
    together = threading.Barrier(len(faces))

    def ask(index: int) -> list:
        data, box = faces[index]
        client, answers = app.test_client(), []
        together.wait(30)
        for _ in range(3):
            answer = client.post(LANDMARKS, query_string=within(box), data=data)
            answers.append(answer.get_json()["images"][0]["faces"])
        return answers

    with ThreadPoolExecutor(len(faces)) as pool:
        found = list(pool.map(ask, range(len(faces))))
    assert found == [[face] * 3 for face in alone]
    assert len({json.dumps(face) for face in alone}) == len(faces)


def test_a_client_over_its_rate_is_429_and_another_one_is_not():
    data, _ = drawn(1)
    with application(1, Limits(rate=0.001, pictures=2)) as app:
        client = app.test_client()
        codes = [client.post(LANDMARKS, query_string={"boxes": "[]"}, data=data).status_code for _ in range(3)]
        refused = client.post(BATCH, data={"image": [upload("a", data)]})
        other = client.post(LANDMARKS, data=data, environ_base={"REMOTE_ADDR": "10.1.2.3"})
        assert codes == [200, 200, 429] and other.status_code == 200
        assert problem_of(refused)[0] == 429 and 900 < int(refused.headers["Retry-After"]) <= 1000
        assert client.get("/api/v1/model").status_code == 200


@pytest.mark.parametrize(
    "error, status, words",
    [
        (MemoryError(), 413, "image: found no memory for it"),
        (cv2.error("(-215) x > 0"), 422, "image: found a picture that OpenCV cannot work on"),
        (KeyError("secret"), 500, "found a fault of the service itself"),
    ],
)
def test_whatever_goes_wrong_inside_is_told_and_the_worker_lives_on(client, monkeypatch, caplog, error, status, words):
    def fail(*_):
        raise error

    data, _ = drawn(2)
    with monkeypatch.context() as patch:
        patch.setattr(Landmarker, "detect", fail)
        for _ in range(3):
            found = problem_of(client.post(LANDMARKS, data=data))
            assert found[0] == status and words in found[1] and "secret" not in found[1]
    assert ("secret" in caplog.text) == (status == 500)
    assert client.post(LANDMARKS, data=data).status_code == 200


@pytest.mark.parametrize("path", ["/", "/model", "/rest", "/healthz", "/api/v1/model", "/nothing", "/static/main.js"])
def test_headers_are_strict_everywhere(client, path):
    headers = client.get(path).headers
    assert {key: headers[key] for key in HEADERS} == HEADERS
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ("no-store" in headers.get("Cache-Control", "")) == (path != "/static/main.js")
    assert "Access-Control-Allow-Origin" not in headers


def test_metrics_count_what_happened():
    data, box = drawn(9)
    with application() as app:
        client = app.test_client()
        client.post(LANDMARKS, query_string=within(box, box, box), data=data)
        client.post(LANDMARKS, data=data[:50])
        client.open("/made/up", method="BREW")
        lines = client.get("/metrics").text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if line.startswith("landmark68_"))
    counted = {
        'requests_total{endpoint="api.landmarks",method="POST",status="200"}': 1,
        'requests_total{endpoint="api.landmarks",method="POST",status="422"}': 1,
        'requests_total{endpoint="none",method="any",status="404"}': 1,
        'pictures_total{outcome="done"}': 1,
        'pictures_total{outcome="refused"}': 1,
        "faces_total": 3,
        "picture_seconds_count": 1,
        'request_seconds_count{endpoint="api.landmarks"}': 2,
        "pending_pictures": 0,
        "workers": 1,
    }
    assert {name: float(values[f"landmark68_{name}"]) for name in counted} == counted
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)


def test_the_model_is_that_of_the_contract(client, landmarker):
    model = client.get("/api/v1/model").get_json()
    assert model["contract"] == landmarker.contract.raw and model["limits"]["pixels"] == PIXELS
    assert set(model["colours"]) == set(model["contract"]["points"]["groups"])
    assert model["colours"]["jaw"] == "#54c4ff"
