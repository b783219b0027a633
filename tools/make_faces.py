"""Draw faces in the layout of 300W-LP, so that every step of the pipeline runs without a download.

`python tools/make_faces.py` fills data/300W_LP with

    DRAWN/DRAWN_<photo>_1_<view>.jpg                   450x450
    DRAWN/DRAWN_<photo>_1_<view>.mat                   pt2d float64 (2, 68), Pose_Para float32 (1, 7), roi int16 (1, 4)
    landmarks/DRAWN/DRAWN_<photo>_1_<view>_pts.mat     pts_2d and pts_3d float32 (68, 2)

One photo is one head, light and background; its view 0 is nearly frontal, the later views are turned further and
further to the same side. pts_3d are the projected points, pts_2d the same with the jaw on the visible contour: exact,
0-based pixels of the picture with their centres at whole numbers. pt2d is 1-based, and as in the genuine set it is that
of view 0 in every view, so stale in all others. Pose_Para is pitch, yaw, roll in radians, tx, ty, tz, scale.

Signs, order and the flip y = 451 - y are those of the genuine files (see tools/draw/head.py). The origin of the
genuine pts_* is not published: on 310 genuine `_0` views pt2d - pts_2d is (0.6, 0.2) on average, between the 0 of a
common origin and the 1 of 0-based pts_*; so what the project's reader takes, 0-based, holds here.
"""

import argparse
import io
import multiprocessing
import os
import shutil
import sys
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the repository's root first: tools and records are names of published packages too

import cv2
import numpy as np
from scipy.io import savemat

from infer.files.atomic import write_atomically
from infer.jobs.progress import Progress
from tools.draw.head import (
    PICTURE_SIDE,
    Pose,
    draw_background,
    draw_head,
    draw_light,
    draw_person,
    draw_shoulders,
    finish,
    make_head,
)

SUBSET = "DRAWN"
MAT_HEADER = b"MATLAB 5.0 MAT-file, drawn by landmark68 tools/make_faces.py".ljust(116)  # savemat's own holds the time


def main(argv=None):
    args = parse_args(argv)
    try:
        if args.samples:
            return draw_samples(Path(args.samples), args.overwrite)
        return make_set(Path(args.out), args.count, args.views, args.seed, args.workers, args.overwrite)
    except (ValueError, OSError, BrokenExecutor) as error:
        print(f"make_faces.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("make_faces.py: interrupted, nothing written", file=sys.stderr)
        return 130


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description="Draw faces with exact 68 points in the layout of 300W-LP.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=2000, help="pictures to draw, one face each")
    parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same bytes; 0 or more")
    parser.add_argument(
        "--out", default=str(ROOT / "data" / "300W_LP"), help="folder of the set; must be empty or absent"
    )
    parser.add_argument(
        "--views", type=int, default=6, help="pictures of one head, turned from nearly frontal to 60-75 degrees"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier drawn set (never anything else)")
    parser.add_argument("--samples", metavar="DIR", help="instead of a set, draw the four pictures of images/ into DIR")
    return parser.parse_args(argv)


# --- the set ----------------------------------------------------------------------------------------------------------
def make_set(out, count, views, seed, workers, overwrite=False):
    """Draw `count` pictures into the folder `out`; returns exit code 0.

    Everything is written to a folder beside it that takes its name at the end. Raises ValueError for a bad number or a
    folder that must not be replaced.
    """
    for name, value, least in (("count", count, 1), ("views", views, 1), ("seed", seed, 0), ("workers", workers, 1)):
        if value < least:
            raise ValueError(f"--{name} is {value}, expected {least} or more")
    out = out.resolve()
    check_target(out, overwrite)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        for folder in (partial / SUBSET, partial / "landmarks" / SUBSET):
            folder.mkdir(parents=True)
        draw_all(partial, count, views, seed, workers)
        check_target(out, overwrite)
        put_in_place(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    print(f"{count} faces of {-(-count // views)} heads in {out}")
    return 0


def check_target(out, overwrite):
    """Raise ValueError unless `out` is absent, empty, or a drawn set that may be replaced."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"{out} is a file, expected a folder")
    if not any(out.iterdir()):
        return
    if not overwrite:
        raise ValueError(f"{out} is not empty; --overwrite replaces a drawn set")
    extra = sorted({entry.name for entry in out.iterdir()} - {SUBSET, "landmarks"})
    if (out / "landmarks").is_dir():
        extra += sorted(
            {f"landmarks/{entry.name}" for entry in (out / "landmarks").iterdir()} - {f"landmarks/{SUBSET}"}
        )
    if extra:
        raise ValueError(f"{out} holds more than a drawn set ({', '.join(extra[:3])}): not replaced")


def put_in_place(partial, out):
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


def draw_all(folder, count, views, seed, workers):
    """Draw every head with its views into `folder`, on several processes, and show how far it is."""
    jobs = [(folder, seed, photo, min(views, count - photo * views), views) for photo in range(-(-count // views))]
    with Progress(count, "faces") as progress:
        for drawn in run_jobs(jobs, min(workers, len(jobs))):
            progress.step(drawn)


def run_jobs(jobs, workers):
    """Yield the number of pictures of each job as they are done, in order."""
    if workers == 1:
        yield from map(draw_photo, jobs)
        return
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads (OpenCV's, TensorFlow's) can hang
    with ProcessPoolExecutor(workers, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(draw_photo, jobs, chunksize=max(1, min(8, len(jobs) // (4 * workers))))


def draw_photo(job):
    """Draw the views of one head; `job` is (folder, seed, photo number, views to draw, views in full)."""
    folder, seed, photo, wanted, views = job
    rng = np.random.default_rng([seed, photo])
    head = make_head(draw_person(rng), rng)
    light, background = draw_light(rng), draw_background(rng, PICTURE_SIDE, PICTURE_SIDE)
    poses = draw_poses(rng, head, views)
    stale = head.points_2d(poses[0]).T + 1
    for view, pose in enumerate(poses[:wanted]):
        picture = background.copy()
        draw_shoulders(picture, head, pose, light)
        draw_head(picture, head, pose, light)
        camera = np.random.default_rng([seed, photo, 1 + view])
        name = f"{SUBSET}_{photo:06d}_1_{view}"
        write_face(folder, name, finish(picture, camera), int(camera.integers(70, 97)), head, pose, stale)
    return wanted


def draw_poses(rng, head, views):
    """Poses of the views of one head: the first within 28 degrees of frontal, the last turned 60 to 75 degrees."""
    first = rng.uniform(-28, 28)
    last = np.copysign(rng.uniform(60, 75), first)
    yaws = first + (last - first) * np.arange(views) / max(views - 1, 1)
    pitch, roll, scale = rng.normal(-3, 9), rng.normal(0, 9), np.clip(rng.normal(1.2, 0.07), 1.03, 1.38)
    middle = rng.uniform((205, 272), (245, 298))
    poses = []
    for yaw in yaws:
        angles = np.clip([pitch + rng.normal(0, 4), yaw, roll + rng.normal(0, 4)], (-25, -75, -25), (25, 75, 25))
        poses.append(centred(head, np.radians(angles), scale, middle + rng.normal(0, 2, 2)))
    return poses


def centred(head, angles, scale, middle, picture_height=PICTURE_SIDE):
    """The `Pose` whose box of landmarks has its centre at `middle` (x, y) in pixels."""
    free = Pose(*angles, 0.0, 0.0, scale, picture_height)
    points = head.points_2d(free)
    shift = np.asarray(middle) - (points.min(axis=0) + points.max(axis=0)) / 2
    return Pose(*angles, shift[0], -shift[1], scale, picture_height)


# --- files ------------------------------------------------------------------------------------------------------------
def write_face(folder, name, picture, quality, head, pose, stale):
    """Write the three files of a face; `picture` uint8 RGB, `stale` float64 (2, 68) is what pt2d gets."""
    points = {"pts_2d": head.points_2d(pose).astype(np.float32), "pts_3d": head.points_3d(pose).astype(np.float32)}
    roi = np.array([[1, 1, PICTURE_SIDE, PICTURE_SIDE]], np.int16)
    write_jpeg(folder / SUBSET / f"{name}.jpg", picture, quality)
    write_mat(folder / SUBSET / f"{name}.mat", {"pt2d": stale, "roi": roi, "Pose_Para": pose.pose_para()})
    write_mat(folder / "landmarks" / SUBSET / f"{name}_pts.mat", points)


def write_jpeg(path, picture, quality):
    """Write a uint8 RGB picture as JPEG."""
    write_atomically(path, cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())


def write_mat(path, values):
    """Write a MATLAB 5 file whose bytes depend on the values only."""
    buffer = io.BytesIO()
    savemat(buffer, values)
    path.write_bytes(MAT_HEADER + buffer.getvalue()[len(MAT_HEADER) :])


# --- the sample pictures ----------------------------------------------------------------------------------------------
SAMPLES = {  # file: seed of the scene, then its heads: (seed, yaw, pitch, roll in degrees, pixels per mm, middle x, y)
    "drawn_1.jpg": (43, [(12, -9, 2, 3, 1.25, 320, 275)]),
    "drawn_2.jpg": (40, [(24, 40, -2, -3, 1.25, 300, 275)]),
    "drawn_3.jpg": (46, [(19, -13, 0, -4, 1.0, 180, 265), (26, 15, 2, 5, 1.05, 455, 250)]),
    "drawn_4.jpg": (42, [(31, -22, -4, 9, 1.2, 335, 275)]),
}
SAMPLE_WIDTH, SAMPLE_HEIGHT = 640, 480


def draw_samples(folder, overwrite=False):
    """Draw the pictures of images/ into `folder`; returns exit code 0; raises ValueError if one is there already."""
    there = [name for name in SAMPLES if (folder / name).exists()]
    if there and not overwrite:
        raise ValueError(f"{folder / there[0]} exists; --overwrite replaces it")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (scene, heads) in SAMPLES.items():
        write_jpeg(folder / name, draw_sample(scene, heads), 92)
    print(f"{len(SAMPLES)} pictures in {folder}")
    return 0


def draw_sample(scene, heads):
    """One picture, uint8 (480, 640, 3) RGB, as described in SAMPLES."""
    rng = np.random.default_rng([scene, 1])
    light, picture = draw_light(rng), draw_background(rng, SAMPLE_WIDTH, SAMPLE_HEIGHT)
    for seed, yaw, pitch, roll, scale, *middle in heads:
        own = np.random.default_rng(seed)
        head = make_head(draw_person(own), own)
        pose = centred(head, np.radians([pitch, yaw, roll]), scale, middle, SAMPLE_HEIGHT)
        draw_shoulders(picture, head, pose, light)
        draw_head(picture, head, pose, light)
    return finish(picture, rng, grain=1.5)


if __name__ == "__main__":
    sys.exit(main())
