"""A drawn data set: every head with its views, on several processes, in a folder that is whole or not there."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from infer.jobs.progress import Progress
from tools.draw.files import SUBSET, jpeg_bytes, make_folders, write_face
from tools.draw.head import make_head
from tools.draw.light import random_light
from tools.draw.person import random_person
from tools.draw.projection import PICTURE_SIDE
from tools.draw.scene import finish, random_background
from tools.draw.views import draw_view, random_poses


@dataclass(frozen=True)
class DrawnSet:
    """What is to be drawn: pictures, views of each head, the seed. Raises ValueError for a bad number."""

    count: int
    views: int
    seed: int

    def __post_init__(self) -> None:
        for name, value, least in (("count", self.count, 1), ("views", self.views, 1), ("seed", self.seed, 0)):
            if value < least:
                raise ValueError(f"--{name}: found {value}, expected {least} or more")

    @property
    def heads(self) -> int:
        return -(-self.count // self.views)


@dataclass(frozen=True)
class Photo:
    """One head to draw into `folder`: its number, and how many of its views are wanted (the last head may have few)."""

    folder: Path
    plan: DrawnSet
    number: int

    @property
    def wanted(self) -> int:
        return min(self.plan.views, self.plan.count - self.number * self.plan.views)


def make_set(out: Path, plan: DrawnSet, workers: int, overwrite: bool = False) -> None:
    """Draw the set into the folder `out`.

    Everything is written to a folder beside it that takes its name at the end. Raises ValueError for a bad number or a
    folder that must not be replaced.
    """
    if workers < 1:
        raise ValueError(f"--workers: found {workers}, expected 1 or more")
    out = out.resolve()
    check_target(out, overwrite)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        make_folders(partial)
        draw_all([Photo(partial, plan, number) for number in range(plan.heads)], workers)
        check_target(out, overwrite)
        put_in_place(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_target(out: Path, overwrite: bool) -> None:
    """Raise ValueError unless `out` is absent, empty, or a drawn set that may be replaced."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"{out}: found a file, expected a folder")
    if not any(out.iterdir()):
        return
    if not overwrite:
        raise ValueError(f"{out}: found files in it, expected an empty folder; --overwrite replaces a drawn set")
    extra = sorted(_names(out) - {SUBSET, "landmarks"})
    if (out / "landmarks").is_dir():
        extra += [f"landmarks/{name}" for name in sorted(_names(out / "landmarks") - {SUBSET})]
    if extra:
        raise ValueError(f"{out}: found {', '.join(extra[:3])}, expected a drawn set alone to replace")


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def put_in_place(partial: Path, out: Path) -> None:
    """Give `partial` the name `out`; an earlier folder goes only after that."""
    if not out.exists():
        partial.rename(out)
        return
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    out.rename(old)
    try:
        partial.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old)


def draw_all(photos: Sequence[Photo], workers: int) -> None:
    """Draw every head with its views, on several processes, and show how far it is."""
    with Progress(sum(photo.wanted for photo in photos), "faces") as progress:
        for drawn in _drawn(photos, min(workers, len(photos))):
            progress.step(drawn)


def _drawn(photos: Sequence[Photo], workers: int) -> Iterator[int]:
    """The number of pictures of each head as they are done, in order."""
    if workers == 1:
        yield from map(draw_photo, photos)
        return
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads (OpenCV's, TensorFlow's) can hang
    with ProcessPoolExecutor(workers, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(draw_photo, photos, chunksize=max(1, min(8, len(photos) // (4 * workers))))


def draw_photo(photo: Photo) -> int:
    """Draw the views of one head, each a picture of its own; how many they are."""
    seeds = [photo.plan.seed, photo.number]
    rng = np.random.default_rng(seeds)
    head = make_head(random_person(rng), rng)
    light, background = random_light(rng), random_background(rng, PICTURE_SIDE, PICTURE_SIDE)
    poses = random_poses(rng, head, photo.plan.views)
    stale = head.points_2d(poses[0]).T + 1
    for view, pose in enumerate(poses[: photo.wanted]):
        picture = background.copy()
        draw_view(picture, head, pose, light)
        camera = np.random.default_rng([*seeds, 1 + view])
        jpeg = jpeg_bytes(finish(picture, camera), int(camera.integers(70, 97)))
        write_face(photo.folder, f"{SUBSET}_{photo.number:06d}_1_{view}", jpeg, head, pose, stale)
    return photo.wanted
