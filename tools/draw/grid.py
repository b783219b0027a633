"""Surfaces as grids of points, float64 [rows, columns, 3]: rows run downwards, columns left to right as seen."""

from __future__ import annotations

import numpy as np


def grid_normals(grid: np.ndarray) -> np.ndarray:
    """Unit normals pointing out, float64 (rows, columns, 3), of a grid whose columns run left to right as seen."""
    down, right = np.gradient(grid, axis=0), np.gradient(grid, axis=1)
    normals = np.cross(down, right)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    for pole, beside in ((0, 1), (-1, -2)):
        if not normals[pole].any():
            normals[pole] = normals[beside].mean(axis=0)
    return normals


def close(grid: np.ndarray) -> None:
    """Draw the first row of a grid together to a point, in place: the crown."""
    grid[0] = grid[0].mean(axis=0)


def grid_triangles(rows: int, cols: int) -> np.ndarray:
    """Two triangles a cell, int32 (2 * (rows-1) * (cols-1), 3), turned so that cross products point out."""
    corner = (np.arange(rows - 1)[:, None] * cols + np.arange(cols - 1)[None]).ravel()
    first = np.column_stack([corner, corner + cols, corner + 1])
    second = np.column_stack([corner + 1, corner + cols, corner + cols + 1])
    return np.stack([first, second], axis=1).reshape(-1, 3).astype(np.int32)


def on_grid(grid: np.ndarray, row: np.ndarray, col: np.ndarray) -> np.ndarray:
    """Points, float64 (N, 3), of the triangles of a grid at fractional rows and columns (N,)."""
    i = np.clip(np.floor(row).astype(int), 0, grid.shape[0] - 2)
    j = np.clip(np.floor(col).astype(int), 0, grid.shape[1] - 2)
    a, b = (row - i)[:, None], (col - j)[:, None]
    first = (1 - a - b) * grid[i, j] + a * grid[i + 1, j] + b * grid[i, j + 1]
    second = (1 - b) * grid[i + 1, j] + (1 - a) * grid[i, j + 1] + (a + b - 1) * grid[i + 1, j + 1]
    return np.where(a + b <= 1, first, second)
