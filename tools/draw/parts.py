"""The parts of a head as meshes and lines: skin, ears, neck, glasses."""

from __future__ import annotations

import cv2
import numpy as np

from tools.draw.grid import grid_normals
from tools.draw.hair import hairline
from tools.draw.measures import CHIN_ROW, smooth_step
from tools.draw.mesh import Mesh, mesh_of_grid
from tools.draw.person import Person
from tools.draw.shape import columns
from tools.draw.texels import EAR_PATCH, NECK_PATCH, patch_uv, to_texels


def skin_mesh(person: Person, grid: np.ndarray) -> Mesh:
    """The head; hollows get less light (how far a smoothed surface lies in front of the real one).

    Cells deep under hair are left out, for speed.
    """
    flat = cv2.GaussianBlur(grid.astype(np.float32), (0, 0), 3.0)
    hollow = ((flat - grid) * grid_normals(grid)).sum(axis=-1)
    dim = np.clip(1 - 0.13 * np.maximum(hollow, 0) + 0.03 * np.minimum(-hollow, 2).clip(0), 0.35, 1.1)
    plane, angles = grid[..., :2].copy(), columns()
    behind = np.abs(angles) > np.pi / 2  # the face must not show on the back of the head
    plane[:, behind, 0] /= np.maximum(np.abs(np.sin(angles[behind])), 1e-3)
    bare = person.style in ("bald", "buzz") or grid[..., 1] < hairline(person, angles) + 22
    return mesh_of_grid(
        grid,
        to_texels(plane.reshape(-1, 2)),
        cv2.GaussianBlur(dim, (3, 3), 0.8),
        0.16,
        keep=np.broadcast_to(bare, grid.shape[:2]),
    )


def ear_meshes(person: Person) -> list[Mesh]:
    """Two flat shells that stand off the head at the back; none under long hair."""
    if person.style == "long" and not person.tucked:
        return []  # under the hair
    turn, out = np.linspace(-np.pi, np.pi, 21)[None], np.linspace(0, 1, 7)[:, None]
    wide, high = out * np.cos(turn), out * np.sin(turn)
    rim = 3.0 * np.exp(-(((out - 0.85) / 0.15) ** 2)) + 0 * turn
    lean, half = 0.42, person.outline[5, 0]
    meshes = []
    for side in (-1, 1):
        depth, away = 4 - 17 * wide, half + 3 + 11 * wide * np.sin(lean) * 2 + rim
        grid = np.stack([side * away, 6 + high * (30 - 6 * (high < 0)) + 3 * wide, depth], axis=-1)
        if side > 0:
            grid = grid[:, ::-1]
        across = 0.5 + 0.5 * (wide if side < 0 else wide[:, ::-1])
        down = 0.5 - 0.5 * (high if side < 0 else high[:, ::-1])
        meshes.append(mesh_of_grid(grid, patch_uv(across, down, EAR_PATCH), 0.92, 0.08, open_sheet=True))
    return meshes


def neck_mesh(person: Person) -> Mesh:
    """A slightly conic neck that turns with the head at its top, with the body at its bottom; dark under the chin."""
    angles, down = np.linspace(-np.pi, np.pi, 49)[None], np.linspace(0, 1, 30)[:, None]
    y = -(140 + 24 * np.maximum(np.cos(angles), 0)) * down  # ends where the collar is, see scene.draw_shoulders
    half = person.outline[8, 0] * 0.86 + 7 * smooth_step(-85, -140, y)
    z = np.interp(-y, [0, 60, 175], [-20, -14, -38]) + 0.95 * half * np.cos(angles)
    grid = np.stack([half * np.sin(angles), y, z], axis=-1)
    chin = person.outline[CHIN_ROW, 1]
    dim = 0.50 + 0.50 * smooth_step(chin + 14, chin - 40, y)
    return mesh_of_grid(
        grid, patch_uv(0.5 + 0.4 * np.sin(angles), down, NECK_PATCH), dim, 0.04, follow=smooth_step(-40, -125, y)
    )


def glasses_frames(person: Person) -> list[np.ndarray]:
    """Frames as lines [(N, 3)] in mm: two lenses (closed), the bridge, two arms; empty without glasses."""
    if person.glasses == "none":
        return []
    turn = np.linspace(0, 2 * np.pi, 37)
    wide, high = 24.0, 18.0 if person.glasses != "thin" else 15.0
    cosine, sine = np.cos(turn), np.sin(turn)
    x = person.eye.x + 2 + wide * np.sign(cosine) * np.abs(cosine) ** 0.75
    y = person.eye.y - 2 + high * np.sign(sine) * np.abs(sine) ** 0.75
    lens = np.column_stack([x, y, 118 - 0.0072 * x**2])
    inner = person.eye.x + 2 - wide
    bridge = np.column_stack(
        [np.linspace(-inner, inner, 7), person.eye.y + np.array([2, 4, 5, 5.4, 5, 4, 2.0]), np.full(7, 119.0)]
    )
    arm = np.linspace((person.eye.x + 2 + wide, person.eye.y + 3, 94), (person.outline[5, 0] + 5, 26, 0), 14)
    flip = np.array([-1.0, 1, 1])
    return [lens, lens * flip, bridge, arm, arm * flip]
