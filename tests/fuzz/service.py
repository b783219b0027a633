"""Sends damaged pictures and forms to a running service; prints a Markdown table.

python tests/fuzz/service.py [--count 1250] [--seed 1]

Whatever the damage: an answer within 20 seconds, points or a problem (400, 413, 415, 422), never a fault of the service
(5xx), and the process lives on. At the end a sound picture gets the same answer as at the start.
"""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np

from infer.jobs.progress import Progress
from tests.fuzz.damage import PICTURES, cut, encoded, exchanged, flipped, inserted, removed
from tests.fuzz.tally import Tally, parser_of
from tests.helpers.drawn import draw_face, random_face
from tools.evaluation.memory import high_water
from tools.measure.service import PATH, service

SECONDS = 20  # an answer may take
FACES = 12  # sound pictures that the damaged ones are made of
REFUSED = (400, 413, 415, 422)
FORMS = {function.__name__: function for function in (flipped, cut, inserted, removed, exchanged)}
POINTS, REFUSAL = "answered with points", "refused"
TYPE = "multipart/form-data; boundary=edge"


@dataclass(frozen=True)
class Case:
    """A request: which part is damaged and how, the body, its type."""

    kind: str
    damage: str
    body: bytes
    type: str


def form_of(picture: bytes, name: str = "face.jpg") -> bytes:
    """A multipart body with a picture."""
    head = f'--edge\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    return head.encode() + picture + b"\r\n--edge--\r\n"


def sound_pictures(rng: np.random.Generator) -> list[bytes]:
    """Drawn faces, in all formats."""
    images = [draw_face(random_face(rng), rng) for _ in range(FACES)]
    return [encoded(cv2.imencode(".jpg", image)[1].tobytes(), rng) for image in images]


def cases(count: int, rng: np.random.Generator) -> Iterator[Case]:
    """So many cases: pictures by every damage in turn, raw and in forms; every fifth is a damaged form."""
    seeds, damages, forms = sound_pictures(rng), list(PICTURES.items()), list(FORMS.items())
    for index in range(count):
        seed = seeds[int(rng.integers(len(seeds)))]
        if index % 5 == 4:
            name, damage = forms[index // 5 % len(forms)]
            yield Case("form", name, damaged_head(damage, rng, form_of(seed)), TYPE)
            continue
        name, damage = damages[index % len(damages)]
        picture = damage(rng, seed)
        yield Case("picture", name, *((picture, "image/jpeg") if index % 2 else (form_of(picture), TYPE)))


def damaged_head(damage: Callable, rng: np.random.Generator, form: bytes) -> bytes:
    """A form whose damage lies in the first bytes, before the picture, or in the last ones."""
    if rng.random() < 0.7:
        return damage(rng, form[:120]) + form[120:]
    return form[:-40] + damage(rng, form[-40:])


def ask(port: int, body: bytes, kind: str) -> tuple[int, str, bytes]:
    """The status, type and body of the answer. Raises OSError or HTTPException where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("POST", PATH, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def outcome(port: int, case: Case) -> str:
    """POINTS, REFUSAL, or what is wrong."""
    try:
        return judged(*ask(port, case.body, case.type))
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({type(error).__name__}: {error})"


def judged(status: int, kind: str, body: bytes) -> str:
    """What an answer amounts to."""
    try:
        answer = json.loads(body)
        if status == 200 and kind == "application/json" and isinstance(answer["images"][0]["faces"], list):
            return POINTS
        detail = answer["detail"]
    except (ValueError, KeyError, IndexError, TypeError):
        return f"status {status}, found {body[:80]!r}"
    sound = status in REFUSED and kind == "application/problem+json" and answer["status"] == status
    return REFUSAL if sound and len(detail.splitlines()) == 1 else f"status {status}: {detail[:200]}"


def run(count: int, seed: int, options: Sequence[str] = (), clients: int = 4) -> tuple[Tally, int]:
    """Outcomes, and the peak of the service's memory in bytes (Linux)."""
    tally, todo = Tally(POINTS, REFUSAL), list(cases(count, np.random.default_rng(seed)))
    picture = sound_pictures(np.random.default_rng(0))[0]
    with (
        service(options) as (process, port),
        ThreadPoolExecutor(clients) as pool,
        Progress(count, "uploads", stream=sys.stderr) as progress,
    ):
        before = ask(port, picture, "image/jpeg")
        outcomes = pool.map(lambda case: outcome(port, case), todo)
        for case, found in zip(todo, outcomes, strict=True):
            progress.step()
            tally.count(case.kind, case.damage, found)
        if process.poll() is not None or ask(port, picture, "image/jpeg") != before or before[0] != 200:
            tally.failures.append("at the end the sound picture got no answer, or another one")
        return tally, high_water(process.pid) or 0


def main(argv=None) -> int:
    args = parser_of(__doc__, 1250).parse_args(argv)
    tally, peak = run(args.count, args.seed, ("--workers", str(args.workers)))
    return tally.report([f"peak memory of the service: {peak / 1e6:.0f} MB"])


if __name__ == "__main__":
    sys.exit(main())
