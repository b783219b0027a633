"""The pages that people see: one to try the model, one about the model, one about the REST routes."""

from __future__ import annotations

import contextlib
import re
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from flask import Blueprint, render_template
from markdown import Markdown
from markupsafe import Markup

from ..faces.pose import mean_face
from ..faces.schemes import WHOLE_FACE
from ..files.headers import KINDS
from ..model.contract import Contract
from .api import model_entry
from .limits import Limits
from .openapi import document
from .service import the_service

CARD = "MODEL_CARD.md"
PACKAGE, SHIPPED = "landmark68", Path(__file__).resolve().parents[1]  # as installed; where its models lie
# switches of what is drawn, and whether they are on
SHOWS = {"points": True, "lines": True, "errors": False, "numbers": False, "boxes": False}
EDGE = 360  # of the drawing of the points, in its own units

pages = Blueprint("pages", __name__)


@pages.get("/")
def index() -> str:
    """The page to try the model with."""
    service = the_service()
    return render_template(
        "index.html",
        kinds=KINDS,
        groups=list(service.contract.points.groups),
        shows={name: on for name, on in SHOWS.items() if name != "errors" or service.contract.tells_errors},
        limits=service.limits,
    )


@pages.get("/model")
def model() -> str:
    """What the model is, from its contract and, where there is one, its card."""
    service = the_service()
    entry = model_entry(service)
    figure = drawn_points(service.contract)
    card = card_of(service.contract.model)
    return render_template("model.html", facts=facts(service.contract), entry=entry, figure=figure, card=card)


@pages.get("/rest")
def rest() -> str:
    """The REST routes for people, from the same document as for machines."""
    service = the_service()
    paths = document(service.contract, service.limits)["paths"]
    routes = [(method.upper(), path, about) for path, methods in paths.items() for method, about in methods.items()]
    return render_template("rest.html", routes=routes, limits=_described(service.limits))


def facts(contract: Contract) -> list[tuple[str, str]]:
    """What the contract says of the model, as pairs of a name and a text."""
    given, points = contract.input, contract.points
    values = (("range", given.range), ("mean", given.mean), ("std", given.std))
    scaling = ", ".join(f"{name} {_numbers(numbers)}" for name, numbers in values if numbers)
    shown = [
        ("File", f"{contract.model.name} ({contract.model.stat().st_size / 1e6:.1f} MB)"),
        ("SHA-256", contract.sha256),
        ("Input", f"{given.size} × {given.size} pixels, {given.order}, {scaling}"),
        ("Crop", f"a square around the face, {contract.crop.margin:.0%} of the longer edge added on every side"),
        ("Output", f"{points.count} points ({points.scheme}), {contract.output.unit}{_errors(contract)}"),
        ("Trained on", _text(asdict(contract.trained_on))),
        ("Terms", contract.terms),
    ]
    return [(name, text) for name, text in shown if text]


def drawn_points(contract: Contract) -> list[dict] | None:
    """The points of a mean face, for a drawing in a square of EDGE units: by group, name, chains and dots; None for
    a scheme of points without a mean face."""
    if contract.points.scheme != WHOLE_FACE:
        return None
    flat = mean_face().points[:, :2] * (1, -1)
    low, high = flat.min(axis=0), flat.max(axis=0)
    scale = (EDGE - 40) / (high - low).max()
    places = ((flat - (low + high) / 2) * scale + EDGE / 2).round(1).tolist()
    return [
        {
            "name": name,
            "chains": [[places[index] for index in chain] for chain in contract.points.lines.get(name, [])],
            "dots": [(index, *places[index]) for index in indices],
        }
        for name, indices in contract.points.groups.items()
    ]


def card_of(model: Path) -> Markup | None:
    """The model's card as HTML; None where there is none.

    It belongs to the program, as the model does, and nobody who only asks can change it.
    """
    text = _card_text(model)
    if text is None:
        return None
    # attributes for the columns: the policy forbids styles inside the page
    settings = {"tables": {"use_align_attribute": True}}
    converter = Markdown(extensions=["tables", "fenced_code", "sane_lists"], extension_configs=settings)
    html = converter.convert(text)
    # under the page's own heading, with Bootstrap's tables; pictures and other files lie outside what is served
    html = re.sub(r"<(/?)h([1-4])\b", lambda found: f"<{found[1]}h{int(found[2]) + 1}", html)
    html = re.sub(r'<a href="(?!https?:|#)[^"]*">(.*?)</a>', r"\1", html)
    return Markup(re.sub(r"<img\b[^>]*>", "", html).replace("<table>", '<table class="table table-sm">'))


def _card_text(model: Path) -> str | None:
    """MODEL_CARD.md beside the model or in the folder above, or what the wheel brought along for its own models."""
    for place in model.parents[:2]:
        if (place / CARD).is_file():
            return (place / CARD).read_text(encoding="utf-8")
    if model.resolve().parent == SHIPPED:
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.distribution(PACKAGE).read_text(f"licenses/{CARD}")
    return None


def _described(limits: Limits) -> list[tuple[str, str]]:
    rate = f"{limits.rate:g} a second, {limits.burst:g} at once" if limits.rate else "no limit"
    return [
        ("Body of a request", f"{limits.upload / 1e6:g} MB"),
        ("Picture", f"{limits.pixels / 1e6:g} megapixels; {KINDS}"),
        ("Boxes in a picture", str(limits.boxes)),
        ("Pictures in a batch", str(limits.pictures)),
        ("Pictures of one client", rate),
        ("The detector's closest look", f"{limits.detect_size} pixels along the longest side"),
    ]


def _errors(contract: Contract) -> str:
    return "; and how far off each is expected to be" if contract.tells_errors else ""


def _numbers(numbers: tuple[float, ...]) -> str:
    return " to ".join(f"{number:g}" for number in numbers) if len(numbers) == 2 else " ".join(map(str, numbers))


def _text(values: dict) -> str:
    """What is known, for people: "faces: a (train 3, test 1), b (train 2); step: 9"."""
    return "; ".join(f"{key}: {_line(value)}" for key, value in values.items() if value not in (None, {}))


def _line(value: object) -> str:
    if not isinstance(value, dict):
        return str(value)
    nested = {key: f"({_line(inner)})" if isinstance(inner, dict) else _line(inner) for key, inner in value.items()}
    return ", ".join(f"{key} {text}" for key, text in nested.items())
