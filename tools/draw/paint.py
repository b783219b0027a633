"""The paint of a head, as it looks in flat light: skin, scalp, beard, eyes, brows, mouth, ears."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from tools.draw.canvas import Canvas, disc
from tools.draw.hair import hairline, paint_hair
from tools.draw.measures import smooth_step
from tools.draw.person import Mouth, Person
from tools.draw.points import curve, eyelid, mirrored, plane_points, ring
from tools.draw.shape import sections
from tools.draw.texels import PATCH, SKIN_LEFT, SKIN_TOP, TEXELS_PER_MM


def make_atlas(person: Person, rng: np.random.Generator) -> np.ndarray:
    """All textures in one picture, float32 (height, width, 3): skin left; hair, ear, plain skin (neck) right of it."""
    skin = paint_skin(person, rng)
    atlas = np.empty((skin.shape[0], skin.shape[1] + PATCH, 3), np.float32)
    atlas[:] = person.skin
    atlas[:, : skin.shape[1]] = skin
    atlas[:PATCH, skin.shape[1] :] = paint_hair(person, rng)
    atlas[PATCH : 2 * PATCH, skin.shape[1] :] = paint_ear(person)
    return atlas


def paint_ear(person: Person) -> np.ndarray:
    """An ear seen from its side: float32 (PATCH, PATCH, 3); the rim is bright, the shell dark."""
    ear = np.empty((PATCH, PATCH, 3), np.float32)
    ear[:] = person.skin * (1.0, 0.93, 0.92)
    dark = np.zeros((PATCH, PATCH), np.uint8)
    cv2.ellipse(dark, (132, 128), (52, 84), 0, 0, 360, 130, 14, cv2.LINE_AA)
    cv2.ellipse(dark, (110, 140), (34, 42), 0, 0, 360, 220, -1, cv2.LINE_AA)
    cover = cv2.GaussianBlur(dark, (0, 0), 9).astype(np.float32)[..., None] / 255
    return ear * (1 - 0.55 * cover)


def paint_skin(person: Person, rng: np.random.Generator) -> np.ndarray:
    """The face as it looks from straight ahead in flat light: float32 (height, width, 3), RGB 0..255."""
    canvas = Canvas(person.skin, rng)
    plane = plane_points(person)
    _paint_complexion(canvas, person)
    _paint_scalp(canvas, person)
    _paint_creases(canvas, person, plane)
    _paint_beard(canvas, person)
    _paint_nose(canvas, person)
    _paint_mouth(canvas, person, plane)
    for side in (-1, 1):
        _paint_eye(canvas, person, side)
    _paint_brows(canvas, person, plane)
    return cv2.merge([cv2.GaussianBlur(np.clip(layer, 0, 255), (3, 3), 0.6) for layer in canvas.pixels])


def _paint_complexion(canvas: Canvas, person: Person) -> None:
    """Blotches, pores, redness, freckles."""
    wide, high = canvas.size
    pores = canvas.rng.standard_normal((high // 2, wide // 2), dtype=np.float32)
    pores = cv2.resize(pores, canvas.size) * np.float32(0.02 + 0.02 * person.age) + 1
    for layer in canvas.pixels:
        blotch = canvas.rng.standard_normal((high // 48, wide // 48), dtype=np.float32) * np.float32(0.018)
        layer *= pores + cv2.resize(blotch, canvas.size, interpolation=cv2.INTER_CUBIC)
    red = (1.0, 0.90, 0.90) if person.skin.mean() > 120 else (1.02, 0.95, 0.95)
    canvas.spots(36, -12, 14, 12, red)
    canvas.spot(0, person.eye.y - person.nose.length, 11, 8, red)
    if person.skin.mean() > 165 and canvas.rng.random() < 0.2:
        for x, y in canvas.rng.normal((0, -2), (30, 13), (60, 2)):
            canvas.spot(x, y, 0.8, 0.8, (0.84, 0.76, 0.70))


def _paint_scalp(canvas: Canvas, person: Person) -> None:
    """Roots along the hairline, so that hair does not begin like a cap; all of a buzz cut."""
    if person.style == "bald":
        return
    x, y = _coarse_places(canvas, 0, 0.62)
    cut, _ = sections(person)
    angle = np.arcsin(np.clip(x / np.interp(-y, -cut[:, 1], cut[:, 0]), -1, 1))
    _paint_hairs(canvas, smooth_step(-5, 6, y - hairline(person, angle)), 0, 0.8 * person.hair)


def _coarse_places(canvas: Canvas, top: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    """x (1, N) and y (M, 1) in mm of every fourth texel of a `share` of the skin's rows from the `top` share on."""
    rows = np.arange(int(top * canvas.size[1]), int((top + share) * canvas.size[1]), 4)
    cols = np.arange(0, canvas.size[0], 4)
    return SKIN_LEFT + cols[None] / TEXELS_PER_MM, SKIN_TOP - rows[:, None] / TEXELS_PER_MM


def _paint_hairs(canvas: Canvas, cover: np.ndarray, top: float, colour: np.ndarray) -> None:
    """Short hairs where `cover` (coarse, see `_coarse_places`) is above 0, from the `top` share of the rows on."""
    rows = slice(int(top * canvas.size[1]), min(int(top * canvas.size[1]) + 4 * len(cover), canvas.size[1]))
    size = (canvas.size[0], rows.stop - rows.start)
    grain = cv2.GaussianBlur(canvas.rng.random(size[::-1], dtype=np.float32), (1, 5), 0.9)
    cover = cv2.resize(cover.astype(np.float32), size) * (np.float32(1.1) * grain + np.float32(0.4))
    canvas.apply(np.minimum(cover, np.float32(0.93)), (rows, slice(None)), colour)


def _paint_creases(canvas: Canvas, person: Person, plane: np.ndarray) -> None:
    """Soft shadow where light does not reach, and the lines of age and smile."""
    eye, mouth, age = person.eye, person.mouth, person.age
    canvas.spots(eye.x - 2, eye.y + 7, 13, 5, (0.80, 0.74, 0.72))
    canvas.spots(16, eye.y + 2, 5, 7, (0.80, 0.75, 0.73))
    canvas.spots(eye.x - 3, eye.y - 9, 10, 3.5, 0.93 - 0.08 * age)
    canvas.spot(0, plane[57, 1] - 5, 13, 3.0, 0.80)
    canvas.spots(abs(plane[48, 0]) + 1.5, plane[48, 1], 3, 3, 0.80)
    canvas.spots(4.0, (plane[33, 1] + plane[51, 1]) / 2, 1.8, 5, 0.93)
    start = np.array([(person.nose.wing + 3, plane[33, 1] + 9), (abs(plane[48, 0]) + 7, mouth.y + 3)])
    bend = np.array([(start.mean(axis=0) + (3, 3))])
    fold = np.concatenate([start[:1], bend, start[1:]])
    depth = 0.12 + 0.25 * age + 0.15 * max(mouth.smile, 0)
    canvas.stroke([fold, mirrored(fold)], (0.72, 0.66, 0.64), 2.0, 1.6, depth * 2, multiply=True)
    if age > 0.4:
        lines = [
            np.column_stack([np.linspace(-34, 34, 9), 66 + 7 * k + canvas.rng.normal(0, 0.5, 9)]) for k in range(3)
        ]
        canvas.stroke(lines, (0.75, 0.7, 0.68), 0.8, 0.7, age, multiply=True)


def _paint_beard(canvas: Canvas, person: Person) -> None:
    """Stubble to full beard, and a moustache."""
    if not person.beard:
        return
    x, y = _coarse_places(canvas, 0.4, 0.6)
    x = np.abs(x)
    cheek = np.interp(x, [0, 18, 30, 48, 60, 72], [-58, -52, -38, -24, 0, 25])
    lip = person.mouth.y + 2
    upper = smooth_step(lip - 20, lip - 6, y) * smooth_step(lip + 16, lip + 11, y) * smooth_step(34, 24, x)
    cover = np.maximum(smooth_step(-4, 8, cheek - y) * person.beard, person.moustache * upper)
    _paint_hairs(canvas, cover, 0.4, person.hair * 0.85)


def _paint_nose(canvas: Canvas, person: Person) -> None:
    """Nostrils and the creases around the wings."""
    nose, tip = person.nose, person.eye.y - person.nose.length
    wing = nose.wing
    canvas.spot(0, tip - 14, 9, 3.2, 0.80)
    canvas.spots(wing + 1.0, tip - 5, 2.0, 4.5, 0.80)
    canvas.spots(0.62 * wing + 1, 6, 3, 14, 0.93)
    canvas.spot(0, (person.eye.y + tip) / 2, 2.6, 14, 1.05)
    for side in (-1, 1):
        hole = disc((side * 0.48 * wing, tip - 9.6), 0.24 * wing, 1.9)
        canvas.fill(hole, person.skin * 0.16, 0.7, 0.95)


def _lip_edges(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The outer edges of the upper and the lower lip, then the inner ones: curves (N, 2) from left to right."""
    upper, lower = curve(plane[48:55]), curve(plane[[48, 59, 58, 57, 56, 55, 54]])
    inner_upper, inner_lower = curve(plane[60:65]), curve(plane[[60, 67, 66, 65, 64]])
    return upper, lower, inner_upper, inner_lower


def _paint_mouth(canvas: Canvas, person: Person, plane: np.ndarray) -> None:
    """Lips; between them darkness, teeth and tongue as far as they are open."""
    upper, lower, inner_upper, inner_lower = _lip_edges(plane)
    canvas.fill(ring(upper, lower), person.lips, 0.7, 0.92)
    canvas.fill(ring(upper, inner_upper), (0.84, 0.80, 0.80), 0.6, 1.0, multiply=True)
    canvas.spot(0, lower[:, 1].min() + 4.5, 9, 1.8, 1.16)
    inside, gap = ring(inner_upper, inner_lower), person.mouth.gap
    canvas.fill(inside, (58, 22, 22), 0.35, min(1.0, 0.5 + gap / 3))
    if gap > 1.5:
        _paint_teeth(canvas, person.mouth, inner_upper, inner_lower)
    line = np.column_stack([inner_upper[:, 0], np.maximum(inner_upper[:, 1] - 0.6, inner_lower[:, 1])])
    canvas.stroke([line], person.skin * (0.28, 0.18, 0.18), 0.9, 0.35, 0.9)


def _paint_teeth(canvas: Canvas, mouth: Mouth, upper: np.ndarray, lower: np.ndarray) -> None:
    """Tongue and teeth between the inner edges of the lips, (N, 2) each."""
    gap, inside = mouth.gap, ring(upper, lower)
    if gap > 8:
        canvas.fill(disc((0, lower[:, 1].min() + 1), 12, 0.38 * gap), (150, 66, 66), 1.2, 0.85, inside=inside)
    if mouth.teeth:
        row = upper[4:-4]
        teeth = ring(row, row - (0, min(0.62 * gap + 1.0, 8.5)))
        canvas.fill(teeth, (228, 220, 206), 0.4, 0.95, inside=inside)
        gaps = [np.array([(x, row[:, 1].max() + 1), (x, row[:, 1].max() - 7)]) for x in np.arange(-18, 19, 6.0)]
        canvas.stroke(gaps, (0.88, 0.84, 0.80), 0.5, 0.2, 0.5 if gap > 4 else 0.2, multiply=True)
        canvas.spots(row[-1, 0], row[-1, 1] - 2, 5, 6, 0.6)


def _paint_eye(canvas: Canvas, person: Person, side: int) -> None:
    """White, iris, pupil, highlight, lids and lashes of the eye on one side (-1 = the picture's left)."""
    eye, place = person.eye, np.linspace(-1, 1, 30)
    flip = np.array([side, 1.0])
    upper, lower = eyelid(eye, place, True) * flip, eyelid(eye, place, False) * flip
    opening = ring(upper, lower)
    canvas.fill(opening, (226, 218, 212), 0.3, 1.0)
    canvas.spot(side * (eye.x - eye.half + 1.5), eye.y - eye.slant, 1.6, 1.5, (0.95, 0.72, 0.70))
    middle = np.array([side * eye.x + eye.gaze[0], eye.y + 0.3 + eye.gaze[1]])
    _paint_iris(canvas, person, middle, opening)
    canvas.fill(ring(upper, upper - (0, 2.4)), (0.45, 0.42, 0.42), 0.7, 0.9, multiply=True, inside=opening)
    lash = np.minimum(person.skin * 0.22, person.hair * 0.6 + 10)
    canvas.stroke([upper], lash, 1.5, 0.3, 0.95)
    canvas.stroke([lower], person.skin * (0.52, 0.42, 0.40), 0.8, 0.4, 0.75)
    tip = upper[-1]
    canvas.stroke([np.array([upper[-6], tip + (1.6 * side, 1.0)])], lash, 0.9, 0.3, 0.6)
    crease = eyelid(replace(eye, up=eye.up * 0.8 + 3.6), place * 0.92, True) * flip
    canvas.stroke([crease + (0, 0.6)], (0.60, 0.54, 0.52), 0.9, 0.6, 0.9, multiply=True)


def _paint_iris(canvas: Canvas, person: Person, middle: np.ndarray, opening: np.ndarray) -> None:
    iris = disc(middle, 5.9, 5.9)
    canvas.fill(iris, person.iris * 0.42, 0.2, inside=opening)
    canvas.fill(disc(middle, 5.0, 5.0), person.iris, 0.5, inside=opening)
    canvas.fill(disc(middle - (0, 2.2), 3.6, 2.0), person.iris * 1.3, 0.8, 0.5, inside=opening)
    canvas.fill(disc(middle, 2.5, 2.5), (10, 8, 8), 0.25, inside=opening)
    canvas.fill(disc(middle + (-1.7, 1.7), 1.0, 1.0), (250, 250, 250), 0.15, inside=opening)


def _paint_brows(canvas: Canvas, person: Person, plane: np.ndarray) -> None:
    """Brows as hairs: they start below the middle line and lean outwards."""
    brow, colour = person.brow, np.minimum(person.hair * 0.75, person.skin * 0.62)
    centre = curve(plane[22:27], 60)
    thick = brow.thick * np.interp(np.linspace(0, 1, 60), [0, 0.15, 0.5, 1], [0.75, 1, 0.85, 0.25])[:, None]
    body = ring(centre + (0, 0.5) * thick, centre - (0, 0.5) * thick)
    count = int(60 + 90 * brow.density)
    for flip in (1, -1):
        canvas.fill(body * (flip, 1), colour, 1.1, 0.30 + 0.45 * brow.density)
        at = canvas.rng.integers(0, 56, count)
        root = centre[at] + (0, 1) * thick[at] * canvas.rng.uniform(-0.5, 0.25, (count, 1))
        lean = np.column_stack(
            [canvas.rng.uniform(1.5, 4.5, count), canvas.rng.uniform(0.2, 2.2, count) * (1 - at / 50)]
        )
        hairs = np.stack([root, root + lean], axis=1) * (flip, 1)
        canvas.stroke(list(hairs), colour * 0.8, 0.4, 0.12, 0.35 + 0.4 * brow.density)
