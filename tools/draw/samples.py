"""The pictures of images/, which the project drew itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infer.files.atomic import write_atomically
from tools.draw.files import jpeg_bytes
from tools.draw.head import make_head
from tools.draw.light import random_light
from tools.draw.person import random_person
from tools.draw.scene import finish, random_background
from tools.draw.views import centred, draw_view

WIDTH, HEIGHT, QUALITY = 640, 480, 92


@dataclass(frozen=True)
class Sitter:
    """A head in a sample picture: the person's seed, angles in degrees, pixels per mm, its middle (x, y) in pixels."""

    seed: int
    yaw: float
    pitch: float
    roll: float
    scale: float
    middle: tuple[float, float]


SAMPLES = {  # file: seed of the scene, then who is in it
    "drawn_1.jpg": (43, [Sitter(12, -9, 2, 3, 1.25, (320, 275))]),
    "drawn_2.jpg": (40, [Sitter(24, 40, -2, -3, 1.25, (300, 275))]),
    "drawn_3.jpg": (46, [Sitter(19, -13, 0, -4, 1.0, (180, 265)), Sitter(26, 15, 2, 5, 1.05, (455, 250))]),
    "drawn_4.jpg": (42, [Sitter(31, -22, -4, 9, 1.2, (335, 275))]),
}


def draw_samples(folder: Path, overwrite: bool = False) -> None:
    """Draw the pictures of images/ into `folder`; raises ValueError if one is there already."""
    there = [name for name in SAMPLES if (folder / name).exists()]
    if there and not overwrite:
        raise ValueError(f"{folder}: found {there[0]}, expected another folder; --overwrite replaces it")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (scene, sitters) in SAMPLES.items():
        write_atomically(folder / name, jpeg_bytes(draw_sample(scene, sitters), QUALITY))


def draw_sample(scene: int, sitters: list[Sitter]) -> np.ndarray:
    """One picture, uint8 (480, 640, 3) RGB, as described in SAMPLES."""
    rng = np.random.default_rng([scene, 1])
    light, picture = random_light(rng), random_background(rng, WIDTH, HEIGHT)
    for sitter in sitters:
        own = np.random.default_rng(sitter.seed)
        head = make_head(random_person(own), own)
        angles = np.radians([sitter.pitch, sitter.yaw, sitter.roll])
        draw_view(picture, head, centred(head, angles, sitter.scale, sitter.middle, HEIGHT), light)
    return finish(picture, rng, grain=1.5)
