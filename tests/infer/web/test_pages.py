"""The pages: what the model's page says, its drawing and card, errors for people, nothing inline, nothing from afar."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from infer.model.contract import read_contract
from infer.model.spread import Spread
from infer.model.trained_on import SplitRule, TrainedOn
from infer.web import pages as web_pages
from infer.web.pages import EDGE, card_of, drawn_points, facts
from tests.helpers.tiny_model import CALIBRATED, write_model
from tests.helpers.web_service import SHIPPED, application


@pytest.fixture(scope="module")
def client():
    with application() as app:
        yield app.test_client()


@pytest.fixture(scope="module")
def contract():
    return read_contract(SHIPPED)


@pytest.mark.parametrize("path", ["/", "/model", "/rest"])
def test_a_page_has_nothing_inline_and_nothing_from_afar(client, path):
    text = client.get(path).text
    assert text.startswith("<!doctype html>") and '<html lang="en">' in text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text)
    links = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert links and all(link.startswith(("/", "#")) for link in links)
    for link in {link for link in links if "static" in link}:
        assert client.get(link).status_code == 200, link
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    labels = re.findall(r'(?:for|aria-labelledby|aria-describedby)="([^"]+)"', text)
    assert set(labels) <= set(ids)


def test_the_model_page_says_what_the_contract_says(client, contract):
    text = client.get("/model").text
    assert contract.sha256 in text and contract.raw["terms"].replace("'", "&#39;") in text
    found = dict(facts(contract))
    assert found["Input"] == "128 × 128 pixels, RGB, range 0 to 255" and found["Output"].startswith(
        "68 points (ibug68)"
    )
    assert text.count("<circle") == 68 and text.count("<polyline") == sum(map(len, contract.points.lines.values()))


def test_a_model_that_tells_errors_has_a_switch_for_them(client, tmp_path):
    model, silent = write_model(tmp_path / "telling", spread=CALIBRATED), write_model(tmp_path / "silent")
    pages = []
    for one in (silent, model):
        with application(model=one) as app:
            pages.append(app.test_client().get("/").text)
    for text, there in ((pages[0], False), (pages[1], True), (client.get("/").text, True)):
        found = re.findall(r'data-show="(\w+)"( checked)?', text)
        wanted = [("points", " checked"), ("lines", " checked"), ("errors", ""), ("numbers", ""), ("boxes", "")]
        assert found == [one for one in wanted if there or one[0] != "errors"]
    own = read_contract(model)
    assert "expected" in dict(facts(own))["Output"]
    assert "expected" not in dict(facts(replace(own, spread=Spread("spread"))))["Output"]  # nobody has calibrated it


def test_nested_values_of_a_contract_are_a_line_and_missing_ones_left_out(contract):
    trained_on = TrainedOn(faces={"a": {"train": 3, "test": 1}, "b": {"train": 2}}, step=9, split=SplitRule(0.2, 1))
    given = replace(contract.input, mean=(1.5, 2.0, 3.0), range=(0.0, 1.0))
    changed = replace(contract, trained_on=trained_on, terms=None, input=given)
    found = dict(facts(changed))
    assert (
        found["Trained on"] == "faces: a (train 3, test 1), b (train 2); step: 9; split: test_fraction 0.2, rule 1"
        and "Terms" not in found
    )
    assert found["Input"] == "128 × 128 pixels, RGB, range 0 to 1, mean 1.5 2.0 3.0"


def test_the_drawing_stands_upright_and_inside(contract):
    places = {index: (x, y) for group in drawn_points(contract) for index, x, y in group["dots"]}
    assert sorted(places) == list(range(68))
    assert all(0 < x < EDGE and 0 < y < EDGE for x, y in places.values())
    assert places[27][1] < places[33][1] < places[57][1] < places[8][1]  # bridge, nose, lip, chin: downwards
    assert places[36][0] < places[45][0]  # the subject's right eye at the left
    assert drawn_points(SimpleNamespace(points=SimpleNamespace(scheme="kaggle15"))) is None


def test_a_card_beside_the_model_or_above_is_shown_and_none_is_no_fault(tmp_path, client):
    model = tmp_path / "local" / "landmark.pb"
    model.parent.mkdir()
    assert card_of(model) is None
    lines = ["# Card", "![x](x.png) [far](https://x.example/), [near](BENCHMARKS.md)"]
    lines += ["| a | b |\n|---|--:|\n| 1 | ü |", "```sh\nls <x>\n```"]
    (tmp_path / "MODEL_CARD.md").write_text("\n\n".join(lines), encoding="utf-8")
    text = card_of(model)
    assert text.startswith("<h2>Card</h2>") and "ü" in text and "&lt;x&gt;" in text
    assert '<a href="https://x.example/">far</a>, near' in text
    assert '<table class="table table-sm">' in text and "<img" not in text and "style=" not in text
    (model.parent / "MODEL_CARD.md").write_text("nearer")
    assert card_of(model) == "<p>nearer</p>"
    assert client.get("/model").status_code == 200


def test_an_installed_model_has_the_card_that_came_in_the_wheel(tmp_path, monkeypatch):
    record = tmp_path / "landmark68-1.0.dist-info"
    (record / "licenses").mkdir(parents=True)
    (record / "METADATA").write_text("Name: landmark68\nVersion: 1.0\n")
    (record / "licenses" / "MODEL_CARD.md").write_text("from the wheel")
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "site" / "landmark68"
    package.mkdir(parents=True)
    assert card_of(package / "landmark.pb") is None  # somebody's own model is not what the card speaks of
    monkeypatch.setattr(web_pages, "SHIPPED", package)
    assert card_of(package / "landmark.pb") == "<p>from the wheel</p>"
    monkeypatch.setattr(web_pages, "PACKAGE", "not-installed-here")
    assert card_of(package / "landmark.pb") is None


def test_errors_for_people_are_pages_and_for_programs_problems(client):
    chromium = "text/html,application/xhtml+xml,image/avif,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
    page = client.get("/nothing", headers={"Accept": chromium})
    assert page.status_code == 404 and page.content_type.startswith("text/html") and "<h1" in page.text
    for accepted in ("*/*", "application/json", "application/problem+json, text/html"):
        assert client.get("/nothing", headers={"Accept": accepted}).content_type == "application/problem+json"
    assert client.get("/api/v1/x", headers={"Accept": "text/html"}).content_type == "application/problem+json"
