"""Draws a head into a picture: turned, lit, textured, with its glasses in front."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tools.draw.coverage import fill_polygons, stroke_lines
from tools.draw.head import Head
from tools.draw.light import Light, shade
from tools.draw.measures import COLS, ROWS
from tools.draw.mesh import Mesh
from tools.draw.projection import HeadPose
from tools.draw.raster import interpolate, rasterise


def turn(mesh: Mesh, pose: HeadPose) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and normals of a mesh, float64 (V, 3) each, turned by the pose, with the head or with the body."""
    head, body = pose.rotation(), pose.body_rotation()
    follow = mesh.follow[:, None]

    def moved(part: np.ndarray) -> np.ndarray:
        return part @ head.T * (1 - follow) + part @ body.T * follow

    return moved(mesh.vertices), moved(mesh.normals)


def draw_head(picture: np.ndarray, head: Head, pose: HeadPose, light: Light) -> np.ndarray:
    """Draw a head into `picture`, float32 (height, width, 3), RGB 0..255, in place.

    Returns bool (height, width): where the head itself shows, without neck, ears and hair in front of it.
    """
    mesh = head.mesh
    vertices, normals = turn(mesh, pose)
    flat, depth = pose.to_pixels(vertices).astype(np.float32), (vertices[:, 2] * pose.scale).astype(np.float32)
    visible = np.flatnonzero(mesh.open_sheet | _turned_here(flat, mesh.triangles))
    normals = np.where((normals[:, 2:] < 0) & (np.arange(len(normals)) >= ROWS * COLS)[:, None], -normals, normals)
    seen = rasterise(flat, depth, mesh.triangles[visible], (picture.shape[0], picture.shape[1]))
    lit, shine = shade(normals, mesh.dim, mesh.gloss, light)
    attributes = np.column_stack([mesh.uv, lit, shine]).T.astype(np.float32)
    box = _box(seen.number >= 0)
    layers = interpolate(attributes, mesh.triangles[visible], seen.within(box))
    _paste(picture[box], head.atlas, layers, seen.number[box] >= 0)
    _draw_glasses(picture, head, pose, seen.depth)
    return (seen.number >= 0) & (visible[np.maximum(seen.number, 0)] < head.skin_triangles)


def _box(mask: np.ndarray, margin: int = 3) -> tuple[slice, slice]:
    """Slices of rows and columns around what is True."""

    def around(filled: np.ndarray) -> slice:
        low, high = (filled[0], filled[-1]) if len(filled) else (0, 0)
        return slice(max(low - margin, 0), high + margin + 1)

    return around(np.flatnonzero(mask.any(axis=1))), around(np.flatnonzero(mask.any(axis=0)))


def _turned_here(flat: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """True where a triangle's outer side is seen (its corners then run clockwise in the picture, y down)."""
    a, b, c = flat[triangles[:, 0]], flat[triangles[:, 1]], flat[triangles[:, 2]]
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0


def _paste(picture: np.ndarray, atlas: np.ndarray, layers: np.ndarray, shown: np.ndarray) -> None:
    """Colour the pixels that are `shown`, and soften the outline by a pixel; `layers` are u, v, light (3), shine."""
    texture = cv2.remap(atlas, layers[0], layers[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    coloured = cv2.multiply(texture, cv2.merge(list(layers[2:5])))
    coloured = np.minimum(cv2.add(coloured, cv2.merge([layers[5]] * 3)), np.float32(255))
    np.copyto(picture, coloured, where=shown[..., None])
    solid, near = shown.astype(np.uint8), np.ones((3, 3), np.uint8)
    edge = cv2.dilate(solid, near) != cv2.erode(solid, near)
    picture[edge] = cv2.GaussianBlur(picture, (3, 3), 0.8)[edge]


def blend(picture: np.ndarray, cover: np.ndarray, colour: Sequence[float] | np.ndarray) -> None:
    """Lay `colour` (RGB, or a float32 picture) over `picture`, in place, as far as `cover` (uint8, 255 = all) says."""
    rows, cols = _box(cover > 0)
    part = picture[rows, cols]
    whole = np.asarray(colour, np.float32)
    target = whole[rows, cols] if whole.ndim == 3 else whole
    part += (cover[rows, cols, None] * np.float32(1 / 255)) * (target - part)


def _draw_glasses(picture: np.ndarray, head: Head, pose: HeadPose, nearest: np.ndarray) -> None:
    """Lenses as a tint, frames as lines, hidden where the head is nearer."""
    kind = head.person.glasses
    if kind == "none":
        return
    turned = [frame @ pose.rotation().T for frame in head.frames]
    flat = [pose.to_pixels(frame) for frame in turned]
    for outline in flat[:2]:
        cover = np.zeros(picture.shape[:2], np.uint8)
        fill_polygons(cover, [outline], 225 if kind == "dark" else 18)
        blend(picture, cover, (24, 22, 24) if kind == "dark" else (235, 240, 245))
    width = max(1, round(pose.scale * (1.2 if kind == "thin" else 3.2)))
    layer = np.zeros(picture.shape[:2], np.uint8)
    for line, points in zip(flat, turned, strict=True):
        _stroke_in_depth(layer, line, points[:, 2] * pose.scale, nearest, width)
    blend(picture, layer, (74, 66, 58) if kind == "thin" else (28, 26, 26))


def _stroke_in_depth(layer: np.ndarray, line: np.ndarray, depth: np.ndarray, nearest: np.ndarray, width: int) -> None:
    """Draw the pieces of a line (N, 2) that lie no more than 2 px behind what is drawn already."""
    middle = np.round((line[1:] + line[:-1]) / 2).astype(int)
    height, wide = layer.shape
    inside = (middle >= 0).all(axis=1) & (middle < (wide, height)).all(axis=1)
    column, row = np.clip(middle[:, 0], 0, wide - 1), np.clip(middle[:, 1], 0, height - 1)
    free = inside & ((depth[1:] + depth[:-1]) / 2 > nearest[row, column] - 2)
    stroke_lines(layer, list(np.stack([line[:-1], line[1:]], axis=1)[free]), width)
