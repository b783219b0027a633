"""Hair: where it begins, its body over the head, its strands."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from tools.draw.grid import close, grid_normals
from tools.draw.measures import smooth_step
from tools.draw.mesh import Mesh, mesh_of_grid
from tools.draw.person import Person
from tools.draw.shape import round_surface, sections
from tools.draw.texels import HAIR_PATCH, PATCH, patch_uv

# angles from the face's middle in radians, and the height there in mm, relative to person.hairline
HAIRLINES = {
    "short": ((0, 0.5, 0.95, 1.15, 1.36, 1.48, 1.62, 1.75, 2.1, 3.2), (0, -1, -10, -28, -42, -70, -70, -52, -96, -122)),
    "fringe": (
        (0, 0.5, 0.95, 1.15, 1.36, 1.48, 1.62, 1.75, 2.1, 3.2),
        (-30, -31, -36, -42, -56, -82, -78, -56, -96, -122),
    ),
    "receding": (
        (0, 0.35, 0.8, 1.15, 1.36, 1.48, 1.62, 1.75, 2.1, 3.2),
        (26, 30, 24, -12, -38, -66, -66, -52, -96, -122),
    ),
    "long": (
        (0, 0.5, 0.95, 1.15, 1.3, 1.45, 1.62, 1.75, 2.1, 3.2),
        (2, -3, -16, -40, -66, -96, -106, -116, -122, -130),
    ),
}
THICKNESS = {"short": 7.0, "fringe": 7.5, "receding": 4.0, "long": 8.0, "afro": 26.0}


def hairline(person: Person, angles: np.ndarray) -> np.ndarray:
    """Height in mm of the hair's edge over angles (N,) around the head."""
    style = "short" if person.style == "long" and person.tucked else person.style
    knots, heights = HAIRLINES.get(style, HAIRLINES["short"])
    swept = np.abs(angles + 0.12 * person.parting * np.cos(angles / 2))
    return person.hairline + PchipInterpolator(knots, heights)(swept)


def hair_meshes(person: Person, rng: np.random.Generator) -> list[Mesh]:
    """A cap that sinks into the skin along the hairline, and a curtain for long hair; buzz cuts are painted."""
    if person.style in ("bald", "buzz"):
        return []
    cut, _ = sections(person, 36)
    angles = np.concatenate([np.linspace(-np.pi, -1.9, 9), np.linspace(-1.8, 1.8, 47), np.linspace(1.9, np.pi, 9)])
    base = round_surface(cut, angles)
    ragged = rng.uniform(-0.5, 0.5, len(angles)) * (6.0 if person.style == "fringe" else 2.5)
    height = base[..., 1] - (hairline(person, angles) + ragged)[None]
    thick = THICKNESS[person.style] * smooth_step(0, 6 if person.style == "fringe" else 16, height)
    thick = thick * (1 + 0.6 * smooth_step(85, 140, base[..., 1])) * (1 + rng.normal(0, 0.04, thick.shape))
    thick = thick - 1.2 + 0.15 * np.clip(height, -30, 0)
    grid = base + grid_normals(base) * thick[..., None]
    grid[:, -1] = grid[:, 0]
    close(grid)
    uv = patch_uv(_back_and_forth(angles * 2 / np.pi)[None], smooth_step(140, -40, base[..., 1]), HAIR_PATCH)
    cap = mesh_of_grid(grid, uv, 0.72 + 0.28 * smooth_step(0, 12, thick), 0.05, keep=height > -8)
    return [cap, _curtain(person, rng)] if person.style == "long" else [cap]


def _back_and_forth(values: np.ndarray) -> np.ndarray:
    """A triangle wave between 0 and 1: a texture laid on so has no seam."""
    return np.abs(values % 2 - 1)


def _curtain(person: Person, rng: np.random.Generator) -> Mesh:
    """Long hair: a sheet around back and sides that ends somewhere around the shoulders."""
    start = rng.uniform(1.75, 2.0) if person.tucked else rng.uniform(1.15, 1.4)
    angles = np.linspace(start, 2 * np.pi - start, 49)[None]
    y = np.linspace(95, -rng.uniform(60, 170), 40)[:, None]
    half = np.interp(-y, -person.outline[:5, 1], person.outline[:5, 0])
    half = half + 3 + 7 * smooth_step(90, 30, y) + 10 * smooth_step(10, -120, y) + 1.6 * rng.normal(0, 1, (1, 49))
    half = half + rng.uniform(0, 3) * np.sin(y / 14 + 3 * angles)
    z = -8 + np.where(np.cos(angles) > 0, 92, 96 + 8 * smooth_step(90, 30, y)) * np.cos(angles)
    grid = np.stack([half * np.sin(angles), y + 5 * np.sin(9 * angles) * smooth_step(-20, -60, y), z + 0 * y], axis=-1)
    uv = patch_uv(_back_and_forth(angles * 4 / np.pi), smooth_step(140, -180, y), HAIR_PATCH)
    dim = 0.66 + 0.34 * smooth_step(-150, 60, y) + 0 * angles
    return mesh_of_grid(grid, uv, dim, 0.04, 0.8 * smooth_step(-30, -150, y), open_sheet=True)


def paint_hair(person: Person, rng: np.random.Generator) -> np.ndarray:
    """Strands, float32 (PATCH, PATCH, 3), RGB 0..255: across = around the head, down = from crown to tip."""
    if person.style == "afro":
        grain = rng.normal(0, 1, (PATCH, PATCH)).astype(np.float32)
        waves = cv2.GaussianBlur(grain, (0, 0), 2.0) * 4 + 0.6 * grain
    else:
        fine = rng.normal(0, 1, (8, PATCH)).astype(np.float32)
        broad = rng.normal(0, 1, (6, PATCH // 8)).astype(np.float32)
        one, other = (cv2.resize(layer, (PATCH, PATCH), interpolation=cv2.INTER_CUBIC) for layer in (0.8 * fine, broad))
        waves = one + other
    down = np.linspace(0, 1, PATCH, dtype=np.float32)[:, None]
    sheen = 0.30 * np.exp(-(((down - 0.25) / 0.07) ** 2)) - 0.12 * down
    contrast = 0.17 if person.hair.mean() < 110 else 0.09
    return np.clip(person.hair * (1 + contrast * waves + sheen)[..., None] + 6, 0, 255).astype(np.float32)
