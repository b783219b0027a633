"""A whole head: its mesh, its paint, and the 68 iBUG points attached to its surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.draw.grid import grid_normals, on_grid
from tools.draw.hair import hair_meshes
from tools.draw.measures import COLS, JAW, JAW_KNOTS, ROWS
from tools.draw.mesh import Mesh, join
from tools.draw.paint import make_atlas
from tools.draw.parts import ear_meshes, glasses_frames, neck_mesh, skin_mesh
from tools.draw.person import Person
from tools.draw.points import plane_points
from tools.draw.projection import HeadPose
from tools.draw.shape import columns, find_on_grid, skin_grid


@dataclass(frozen=True)
class Head:
    """A head ready to be drawn in any pose; see `make_head`.

    points: float64 (68, 3), mm; jaw_paths, jaw_normals: see `jaw_paths`; atlas: float32 (height, width, 3), RGB 0..255;
    skin_triangles: how many of the mesh's triangles, the first ones, are the head itself; frames: the glasses' lines.
    """

    person: Person
    points: np.ndarray
    jaw_paths: np.ndarray
    jaw_normals: np.ndarray
    mesh: Mesh
    atlas: np.ndarray
    skin_triangles: int
    frames: list[np.ndarray]

    def points_3d(self, pose: HeadPose) -> np.ndarray:
        """The 68 points projected as they are attached: float64 (68, 2), pixels."""
        return pose.project(self.points)

    def points_2d(self, pose: HeadPose) -> np.ndarray:
        """As `points_3d`, but jaw points (0 to 16) that are turned away slide to the visible contour."""
        points = self.points.copy()
        points[JAW] = self._visible_jaw(pose)
        return pose.project(points)

    def _visible_jaw(self, pose: HeadPose) -> np.ndarray:
        """Each jaw point, float64 (17, 3), moved along its path into the face to the first place that is seen."""
        towards = self.jaw_normals @ pose.rotation()[2]
        seen = towards >= 0
        after = np.where(seen.any(axis=1), seen.argmax(axis=1), towards.argmax(axis=1))
        before, rows = np.maximum(after - 1, 0), np.arange(17)
        low, high = towards[rows, before], towards[rows, after]
        part = np.clip(np.where(after > 0, low / np.minimum(low - high, -1e-9), 0), 0, 1)[:, None]
        return (1 - part) * self.jaw_paths[rows, before] + part * self.jaw_paths[rows, after]


def make_head(person: Person, rng: np.random.Generator) -> Head:
    """A `Head` of a `Person`: shape, paint and points; the same in every pose."""
    grid, dense = skin_grid(person)
    paths, normals = jaw_paths(person, grid, dense)
    skin = skin_mesh(person, grid)
    mesh = join([skin, *ear_meshes(person), neck_mesh(person), *hair_meshes(person, rng)])
    return Head(
        person,
        attach_points(person, grid, paths[:, 0]),
        paths,
        normals,
        mesh,
        make_atlas(person, rng),
        len(skin.triangles),
        glasses_frames(person),
    )


def jaw_paths(person: Person, grid: np.ndarray, dense: np.ndarray, steps: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Where jaw points may slide: positions and normals, float64 (17, steps, 3), from the jaw into the face."""
    height, angles = grid[:, 0, 1], columns()
    knots = np.concatenate([JAW_KNOTS, JAW_KNOTS[-2::-1]]).astype(np.float64)
    side = np.sign(np.arange(17) - 8.0)
    start = np.interp(knots, dense, np.arange(ROWS))
    mouth_row = np.interp(-person.mouth.y, -height, np.arange(ROWS))
    inward = np.minimum(start, start + 0.35 * (mouth_row - start))
    along = np.linspace(0, 1, steps)[None] ** 1.3
    row = start[:, None] + along * (inward - start)[:, None]
    angle = side[:, None] * np.pi / 2 * (1 - 1.3 * along)  # past the middle: at 75 degrees the contour can lie there
    col = np.interp(angle, angles, np.arange(COLS))
    flat = [on_grid(source, row.ravel(), col.ravel()).reshape(17, steps, 3) for source in (grid, grid_normals(grid))]
    return flat[0], flat[1]


def attach_points(person: Person, grid: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """The 68 points on the surface: float64 (68, 3) in mm; `jaw` (17, 3) are the first points of the jaw's paths."""
    plane = plane_points(person)
    points = np.empty((68, 3))
    row, col = find_on_grid(person, plane[17:])
    points[17:] = on_grid(grid, row, col)
    points[JAW] = jaw
    return points
