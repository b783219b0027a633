"""Triangles with what shading needs, made of grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tools.draw.grid import grid_normals, grid_triangles


@dataclass(frozen=True)
class Mesh:
    """Triangles with what shading needs: vertices and normals (V, 3), uv (V, 2) in texels, triangles (T, 3).

    `dim` (V,) scales the light, `gloss` (V,) the highlight, `follow` (V,) is 1 where a vertex moves with the body and 0
    where with the head, `open_sheet` (T,) marks triangles seen from both sides.
    """

    vertices: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    dim: np.ndarray
    gloss: np.ndarray
    follow: np.ndarray
    open_sheet: np.ndarray


def mesh_of_grid(
    grid: np.ndarray,
    uv: np.ndarray,
    dim: float | np.ndarray = 1.0,
    gloss: float | np.ndarray = 0.0,
    follow: float | np.ndarray = 0.0,
    keep: np.ndarray | None = None,
    open_sheet: bool = False,
) -> Mesh:
    """A `Mesh` of a grid (rows, columns, 3); `keep` (rows, columns) drops cells that lie wholly outside."""
    rows, cols = grid.shape[:2]
    triangles = grid_triangles(rows, cols)
    if keep is not None:
        triangles = triangles[keep.ravel()[triangles].any(axis=1)]
    dim, gloss, follow = (np.broadcast_to(value, (rows, cols)).astype(float).ravel() for value in (dim, gloss, follow))
    normals, sheet = grid_normals(grid).reshape(-1, 3), np.full(len(triangles), open_sheet)
    return Mesh(grid.reshape(-1, 3), normals, uv.reshape(-1, 2), triangles, dim, gloss, follow, sheet)


def join(meshes: Sequence[Mesh]) -> Mesh:
    """One `Mesh` of several."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True)])
    names = ("vertices", "normals", "uv", "dim", "gloss", "follow", "open_sheet")
    merged = {name: np.concatenate([getattr(mesh, name) for mesh in meshes]) for name in names}
    return Mesh(triangles=triangles.astype(np.int32), **merged)
