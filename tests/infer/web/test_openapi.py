"""The OpenAPI document is true: schemathesis makes requests from it, and whatever comes back has to be in it."""

import pytest

from infer.web.limits import Limits
from tests.helpers.web_service import UNLIMITED, application, drawn

hypothesis = pytest.importorskip("hypothesis", reason="no hypothesis (the extra dev)")
strategies = pytest.importorskip("hypothesis.strategies")
schemathesis = pytest.importorskip("schemathesis", reason="no schemathesis (the extra dev)")

LIMITS = Limits(upload=200_000, rate=0)
PICTURES = [*(drawn(seed)[0] for seed in (1, 3, 4)), drawn(2)[0][:-9], b"GIF89a", b"text"]
some_picture = strategies.sampled_from(PICTURES)
for kind in ("image/*", "application/octet-stream"):
    schemathesis.openapi.media_type(kind, some_picture)
schemathesis.openapi.format("binary", some_picture)


@pytest.fixture(scope="module")
def app():
    with application(2, LIMITS) as made:
        yield made


@pytest.fixture(scope="module")
def document(app):
    return app.test_client().get("/api/v1/openapi.json").get_json()


OPERATIONS = [
    (f"/api/v1/{path}", "POST", mode) for path in ("landmarks", "landmarks/batch") for mode in ("POSITIVE", "NEGATIVE")
]
OPERATIONS += [(path, "GET", "POSITIVE") for path in ("/api/v1/model", "/api/v1/openapi.json", "/healthz", "/metrics")]
# what is generated depends on all modules that are loaded: one request that is surely taken goes with them
SOUND = {"/api/v1/landmarks": {"body": PICTURES[0], "media_type": "image/jpeg"}}
ANYTHING = list(hypothesis.HealthCheck)
EXAMPLES = hypothesis.settings(
    max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=ANYTHING
)


@pytest.mark.parametrize("path, method, mode", OPERATIONS)
def test_every_answer_is_as_described(app, path, method, mode):
    operation = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)[path][method]
    generated = operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode])

    @EXAMPLES
    @hypothesis.given(case=generated)
    def check(case):
        answer = case.call()
        # damaged pictures are as described, and rightly refused all the same; schemathesis takes 413 for no refusal
        checks = {"positive_data_acceptance"} | ({"negative_data_rejection"} if answer.status_code == 413 else set())
        case.validate_response(answer, excluded_checks=[getattr(schemathesis.checks, name) for name in checks])
        statuses.add(answer.status_code)

    statuses = set()
    if mode == "POSITIVE" and path in SOUND:
        check = hypothesis.example(case=operation.Case(**SOUND[path]))(check)
    check()
    assert statuses >= ({200} if mode == "POSITIVE" else {400})


def test_every_route_is_described_and_no_other(app, document):
    routes = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert document["openapi"] == "3.1.0"
    schema = document["components"]["schemas"]["Face"]["properties"]["points"]
    assert schema["minItems"] == schema["maxItems"] == 68
    post = document["paths"]["/api/v1/landmarks"]["post"]
    boxes = next(one for one in post["parameters"] if one["name"] == "boxes")["content"]["application/json"]["schema"]
    assert boxes["maxItems"] == UNLIMITED.boxes and "at most 200000 bytes" in post["description"]
    assert set(post["responses"]) == {"200", "400", "413", "415", "422", "429", "503"}
