"""Files of formats whose points have labels, with the pictures that they name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.helpers.annotated import BOX, POINTS, write_picture
from tests.helpers.drawn import HEIGHT, WIDTH

CORNER = 0.5  # who draws in a window counts from the picture's corner, half a pixel before its first centre
NUMBERS = tuple(map(str, range(68)))


def known(points: np.ndarray, labels: Sequence[str]) -> list[tuple[str, float, float]]:
    """Label and place of those points that are not NaN, as the tools count."""
    pairs = zip(labels, np.asarray(points, np.float64) + CORNER, strict=True)
    return [(label, round(x, 4), round(y, 4)) for label, (x, y) in pairs if np.isfinite(x)]


# LabelMe's JSON


def labelme_shapes(points=POINTS, labels=NUMBERS, group: int | None = None, box=None) -> list[dict]:
    shapes = [
        {"label": label, "points": [[x, y]], "group_id": group, "shape_type": "point"}
        for label, x, y in known(points, labels)
    ]
    if box:
        x0, y0, x1, y1 = np.array(box) + CORNER
        corners = [[x1, y0], [x0, y1]]  # drawn from the upper right one on
        shapes.insert(1, {"label": "face", "points": corners, "group_id": group, "shape_type": "rectangle"})
    return shapes


def write_shapes(folder: Path, shapes: Sequence[object], file: str = "a.png", name: str = "faces.json", **more) -> Path:
    """A JSON file of these shapes, with the picture beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": file, "imageData": None}
    (folder / name).write_text(json.dumps({**document, "imageHeight": HEIGHT, "imageWidth": WIDTH, **more}))
    write_picture(folder / file.replace("\\", "/"))
    return folder / name


def write_labelme(folder: Path, faces: Sequence[np.ndarray], box: Sequence[float] | None = BOX) -> Path:
    groups = [labelme_shapes(points, group=number, box=box) for number, points in enumerate(faces)]
    return write_shapes(folder, [shape for group in groups for shape in group])


# CVAT's XML


def cvat_skeleton(points=POINTS, labels=NUMBERS, more: str = "", label: str = "face") -> str:
    inside = "".join(
        f'<points label="{label}" outside="0" occluded="1" points="{x:.4f},{y:.4f}"/>'
        for label, x, y in known(points, labels)
    )
    outside = '<points label="{}" outside="1" occluded="0" points="3.00,4.00"/>'
    hidden = "".join(
        outside.format(name) for name, (x, _) in zip(labels, np.asarray(points), strict=True) if np.isnan(x)
    )
    return f'<skeleton label="{label}" source="manual" z_order="0"{more}>{hidden}{inside}</skeleton>'


def cvat_shape(points=POINTS, label: str = "face", more: str = "") -> str:
    places = ";".join(f"{x:.4f},{y:.4f}" for x, y in np.asarray(points, np.float64) + CORNER)
    return f'<points label="{label}" source="manual" occluded="0" points="{places}" z_order="0"{more}/>'


def cvat_box(box=BOX, more: str = "") -> str:
    corners = zip(("xtl", "ytl", "xbr", "ybr"), np.array(box) + CORNER, strict=True)
    return "<box label='head' {}{}/>".format(" ".join(f"{name}='{value}'" for name, value in corners), more)


def write_images(folder: Path, *inside: str, file: str = "a.png", size=(WIDTH, HEIGHT), meta: str = "") -> Path:
    """An XML file of one picture with these elements, with the picture beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    named = f' width="{size[0]}" height="{size[1]}"' if size else ""
    image = f'<image id="0" name="{file}"{named}>{"".join(inside)}</image>'
    start = f'<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version><meta>{meta}</meta>'
    (folder / "annotations.xml").write_text(f"{start}{image}</annotations>")
    write_picture(folder / file)
    return folder / "annotations.xml"


def write_cvat(folder: Path, faces: Sequence[np.ndarray], box: Sequence[float] | None = BOX) -> Path:
    inside = []
    for number, points in enumerate(faces, start=1):
        group = f' group_id="{number}"'
        inside += [cvat_box(box, group)] * bool(box) + [cvat_skeleton(points, more=group)]
    return write_images(folder, *inside)
