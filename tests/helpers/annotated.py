"""A drawn face, and files of each annotation format that say where its points are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from records.landmarks import KAGGLE_NAMES
from tests.helpers.drawn import draw_face, random_face

RNG = np.random.default_rng(21)
POINTS, OTHER = random_face(RNG), random_face(RNG)
IMAGE = draw_face(POINTS, RNG)
BOX = (40, 30, 130, 131)  # pixel centres of its corners


def unknown(points: np.ndarray, *indices: int) -> np.ndarray:
    """The points, some of them NaN."""
    points = points.copy()
    points[list(indices)] = np.nan
    return points


def write_picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), IMAGE)


# plain CSV


def csv_header(count: int = 68, more: str = "") -> str:
    return ",".join(["file", *(f"{axis}{index}" for index in range(count) for axis in "xy")]) + more


def csv_row(points: np.ndarray = POINTS, file: str = "a.png", more: str = "") -> str:
    return ",".join([file, *("" if np.isnan(value) else f"{value:.4f}" for value in points.ravel())]) + more


def write_lines(folder: Path, *lines: str, name: str = "faces.csv") -> Path:
    """A table of these lines, with the picture a.png beside it."""
    (folder / name).write_text("\n".join(lines) + "\n")
    write_picture(folder / "a.png")
    return folder / name


def write_csv(folder: Path, faces: Sequence[np.ndarray], box: Sequence[float] | None = BOX) -> Path:
    cells = ",,,," if box is None else "," + ",".join(map(str, box))
    rows = [csv_row(points, more=cells) for points in faces]
    return write_lines(folder, csv_header(more=",box_x0,box_y0,box_x1,box_y1"), *rows)


# dlib's XML

START = "<?xml version='1.0' encoding='ISO-8859-1'?>\n<dataset><name>faces</name><images>"
END = "</images></dataset>"


def dlib_parts(points: np.ndarray = POINTS, order: Iterable[int] = range(68)) -> str:
    known = [index for index in order if np.isfinite(points[index]).all()]
    return "".join(f"<part name='{i:02d}' x='{points[i][0]:.3f}' y='{points[i][1]:.3f}'/>" for i in known)


def dlib_box(inside: str, more: str = "", box: Sequence[float] | None = BOX) -> str:
    x0, y0, x1, y1 = box or (0, 0, 0, 0)
    place = f" top='{y0}' left='{x0}' width='{x1 - x0 + 1}' height='{y1 - y0 + 1}'" if box else ""
    return f"<box{place}{more}>{inside}</box>"


def write_boxes(folder: Path, *boxes: str, file: str = "a.png", size: str = "") -> Path:
    """An XML file of these boxes, all in one picture; size: attributes of it."""
    path = folder / "faces.xml"
    path.write_text(f"{START}<image file='{file}'{size}>{''.join(boxes)}</image>{END}")
    write_picture(folder / file.replace("\\", "/"))
    return path


def write_dlib(folder: Path, faces: Sequence[np.ndarray], box: Sequence[float] | None = BOX) -> Path:
    return write_boxes(folder, *(dlib_box(dlib_parts(points), box=box) for points in faces))


# COCO's JSON

COCO_FACE = {"id": 4, "name": "face", "keypoints": [str(index) for index in range(68)]}


def coco_keypoints(points: np.ndarray = POINTS) -> list:
    return [value for x, y in points.tolist() for value in ((x, y, 2) if np.isfinite(x) else (0, 0, 0))]


def coco_annotation(**fields) -> dict:
    return {"id": 11, "image_id": 7, "category_id": 4, "keypoints": coco_keypoints(), **fields}


def write_annotations(folder: Path, *annotations: dict, place: str = "", **fields) -> Path:
    """A JSON file of these annotations, all of one picture, which lies in the folder `place` beside it."""
    document = {"images": [{"id": 7, "file_name": "a.png"}], "annotations": annotations, "categories": [COCO_FACE]}
    folder.mkdir(exist_ok=True)
    (folder / "faces.json").write_text(json.dumps({**document, **fields}))
    write_picture(folder / place / "a.png")
    return folder / "faces.json"


def write_coco(folder: Path, faces: Sequence[np.ndarray], box: Sequence[float] | None = BOX) -> Path:
    x0, y0, x1, y1 = box or (0, 0, 0, 0)
    bbox = [x0 + 0.5, y0 + 0.5, x1 - x0, y1 - y0] if box else None  # from the edge of the picture
    return write_annotations(folder, *(coco_annotation(keypoints=coco_keypoints(one), bbox=bbox) for one in faces))


# iBUG's .pts

PTS_HEADER = "version: 1\nn_points:  68\n{\n"


def pts_lines(points: np.ndarray = POINTS) -> str:
    return "\n".join(f"{x + 1:.4f} {y + 1:.4f}" for x, y in points)


def write_pts(folder: Path, name: str = "face", text: str | None = None, suffix: str = ".jpg") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pts").write_text(f"{PTS_HEADER}{pts_lines()}\n}}\n" if text is None else text)
    if suffix:
        write_picture(folder / f"{name}{suffix}")


# Kaggle's tables

KAGGLE_HEADER = ",".join(f"{name}_{axis}" for name in KAGGLE_NAMES for axis in "xy") + ",Image"
KAGGLE_POINTS = RNG.uniform(10, 85, (15, 2)).round(4)
KAGGLE_IMAGE = RNG.integers(0, 256, (96, 96)).astype(np.uint8)


def kaggle_row(points: np.ndarray = KAGGLE_POINTS, image: np.ndarray = KAGGLE_IMAGE) -> str:
    cells = ["" if np.isnan(value) else f"{value:.4f}" for value in np.asarray(points).ravel()]
    return ",".join([*cells, " ".join(map(str, np.asarray(image).ravel()))])


def write_kaggle(folder: Path, *lines: str, name: str = "training.csv") -> Path:
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


# WFLW's lists


def wflw_line(points: np.ndarray, file: str = "37--Soccer/37_Soccer_soccer_ball_37_45.jpg", more: bool = True) -> str:
    between = ["50", "60", "150", "170", "0", "1", "0", "0", "1", "0"] if more else []
    return " ".join([*(f"{value:.4f}" for value in np.ravel(points)), *between, file])


def write_wflw(folder: Path, *lines: str, pictures: Sequence[str] = ()) -> Path:
    """A list of these lines where WFLW has it, with the pictures in WFLW_images."""
    path = folder / "WFLW_annotations" / "list_98pt_rect_attr_train_test" / "list_98pt_rect_attr_train.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    for picture in pictures:
        write_picture(folder / "WFLW_images" / picture)
    return path


# OpenFace's CSV

SEQUENCE = ("frame", "face_id", "timestamp", "confidence", "success")


def openface_row(points: np.ndarray = POINTS, before: Sequence[object] = (0, 0.98)) -> str:
    """A row: what stands before the points, x and y of these, and three columns more that differ by case alone."""
    return ", ".join(map(str, [*before, *np.asarray(points).T.ravel().round(3), 7.5, 8.5, 9.5]))


def write_openface(path: Path, *rows: str, sequence: bool = False) -> Path:
    names = [f"{axis}_{index}" for axis in "xy" for index in range(68)]
    header = ", ".join([*(SEQUENCE if sequence else ("face", "confidence")), *names, "X_0", "Y_0", "Z_0"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")
    return path
