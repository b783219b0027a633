"""Who is drawn, and what the face does: everything that tells one drawn face from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.draw.colours import HAIR_COLOURS, IRIS_COLOURS, SKIN_TONES, between, muted
from tools.draw.measures import OUTLINE, smooth_step

HAIR_STYLES = ("bald", "buzz", "short", "short", "fringe", "receding", "long", "long", "afro")


@dataclass(frozen=True)
class Eye:
    """The eye at the picture's right: its middle, half its width, how far the lids bulge up and down from its corners.

    slant: how much higher the outer corner is than the middle; gaze: how far the iris is from the middle (x, y).
    """

    x: float
    y: float
    half: float
    up: float
    low: float
    slant: float
    gaze: tuple[float, float]


@dataclass(frozen=True)
class Brow:
    """A brow: how high it lies and bends, its thickness; density 0..1 of its hairs."""

    lift: float
    arch: float
    tilt: float
    thick: float
    density: float


@dataclass(frozen=True)
class Nose:
    """A nose: from the eyes' height to its tip, from its middle to a wing; factors of height and width, its hook."""

    length: float
    wing: float
    height: float
    hook: float
    width: float


@dataclass(frozen=True)
class Mouth:
    """A mouth: height of its line, half its width, the lips' heights; smile -0.5..1.2; gap: how far it is open."""

    y: float
    half: float
    upper: float
    lower: float
    smile: float
    gap: float
    teeth: bool


@dataclass(frozen=True)
class Person:
    """Everything that tells one drawn face from another; lengths in mm, colours as RGB 0..255.

    outline: as `measures.OUTLINE`; hairline: its height in front; beard, moustache, age: 0..1; parting: -0.6..0.6, to
    one side or the other; tucked: long hair behind the ears.
    """

    outline: np.ndarray
    eye: Eye
    brow: Brow
    nose: Nose
    mouth: Mouth
    skin: np.ndarray
    hair: np.ndarray
    iris: np.ndarray
    lips: np.ndarray
    style: str
    hairline: float
    beard: float
    moustache: float
    glasses: str
    age: float
    parting: float
    tucked: bool
    cloth: np.ndarray


def random_person(rng: np.random.Generator) -> Person:
    """A random person with a random expression."""
    woman = rng.random() < 0.5
    drop = rng.choice([0.0, rng.uniform(1, 7), rng.uniform(8, 24)], p=[0.5, 0.25, 0.25])  # of the jaw, mm
    skin = between(SKIN_TONES, rng.uniform(0, len(SKIN_TONES) - 1)) + rng.normal(0, 4, 3)
    dark = rng.random() < 0.35 + 0.5 * (skin.mean() < 140)
    hair = between(HAIR_COLOURS, rng.uniform(0, 1.6) if dark else rng.uniform(0, len(HAIR_COLOURS) - 1))
    style = str(rng.choice(HAIR_STYLES[3:] if woman else HAIR_STYLES[:7]))
    rouge = rng.random() < (0.4 if woman else 0.02)
    natural = skin * (0.80, 0.62, 0.62)
    paint = np.array([rng.uniform(120, 190), rng.uniform(20, 60), rng.uniform(40, 80)])
    hairy = 0.0 if woman else float(rng.choice([0, rng.uniform(0.15, 0.5), rng.uniform(0.6, 1)], p=[0.45, 0.3, 0.25]))
    return Person(
        outline=_random_outline(rng, woman, drop),
        eye=_random_eye(rng),
        brow=_random_brow(rng, woman),
        nose=_random_nose(rng),
        mouth=_random_mouth(rng, drop),
        skin=np.clip(skin, 20, 250),
        hair=hair,
        iris=between(IRIS_COLOURS, rng.uniform(0, 1.5 if skin.mean() < 150 else 5)),
        lips=paint if rouge else natural,
        style=style,
        hairline=float(rng.normal(86, 4)),
        beard=hairy,
        moustache=hairy * float(rng.random() < 0.85),
        glasses=str(rng.choice(["none", "thin", "thick", "dark"], p=[0.74, 0.12, 0.10, 0.04])),
        age=float(rng.beta(1.2, 2)),
        parting=float(rng.uniform(-0.6, 0.6)),
        tucked=bool(rng.random() < 0.4),
        cloth=muted(rng),
    )


def _random_outline(rng: np.random.Generator, woman: bool, drop: float) -> np.ndarray:
    """OUTLINE with a random build and a jaw let down by `drop` mm."""
    outline = OUTLINE.copy()
    height, below = outline[:, 1], smooth_step(-8, -60, OUTLINE[:, 1])
    above = smooth_step(20, 110, OUTLINE[:, 1])
    jaw = np.exp(-(((OUTLINE[:, 1] + 60) / 28) ** 2))
    outline[:, 0] *= rng.normal(0.97 if woman else 1.0, 0.03) * (1 + rng.normal(-0.04 if woman else 0.02, 0.06) * jaw)
    outline[:, 1] = height + below * rng.normal(0, 4.5) + above * rng.normal(0, 5) - below * drop
    outline[:, 2:] += (rng.normal(0, 2.5) * below - 0.35 * drop * below)[:, None]
    outline[:, 2] += rng.normal(0, 2) * above
    return outline


def _random_eye(rng: np.random.Generator) -> Eye:
    closed = rng.random() < 0.08
    opening = rng.uniform(0.0, 0.12) if closed else float(np.clip(rng.normal(1.0, 0.18), 0.45, 1.45))
    return Eye(
        x=rng.normal(31, 1.2),
        y=rng.normal(25, 1.2),
        half=rng.normal(13.2, 0.7),
        up=5.2 * opening,
        low=3.6 * (0.5 + 0.5 * opening),
        slant=rng.normal(0.6, 1.0),
        gaze=(rng.normal(0, 1.6), rng.normal(0, 0.6)),
    )


def _random_brow(rng: np.random.Generator, woman: bool) -> Brow:
    return Brow(
        lift=rng.normal(0, 2.2),
        arch=rng.normal(3.0 if woman else 2.0, 1.0),
        tilt=rng.normal(0, 1.5),
        thick=rng.uniform(3.0, 4.6) if woman else rng.uniform(4.4, 6.8),
        density=rng.uniform(0.45, 1.0),
    )


def _random_nose(rng: np.random.Generator) -> Nose:
    return Nose(
        length=rng.normal(32, 1.8),
        wing=rng.normal(14.0, 1.5),
        height=rng.normal(1.0, 0.10),
        hook=rng.normal(0, 1.2),
        width=rng.normal(1.0, 0.10),
    )


def _random_mouth(rng: np.random.Generator, drop: float) -> Mouth:
    smile = float(np.clip(rng.normal(0.25, 0.45), -0.5, 1.2))
    return Mouth(
        y=rng.normal(-38, 1.5),
        half=rng.normal(25.5, 1.8) + 4 * max(smile, 0) - 0.16 * drop,
        upper=rng.uniform(5.0, 8.5),
        lower=rng.uniform(7.0, 11.0),
        smile=smile,
        gap=0.85 * drop + max(0, smile - 0.5) * 5,
        teeth=smile > 0.1 or rng.random() < 0.5,
    )
