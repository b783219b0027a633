"""The report of a set of records: plots and tables in which a wrong point order or a bad crop shows at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from infer.draw import COLOURS
from records import record
from records.landmarks import IBUG_68, Scheme, convert, steps
from records.manifest import Manifest, SetManifest
from records.shards import checked_manifest
from records.split import SPLITS

# of the outer eye corners' distance: how far the nose's tip stands before them. Fitted on genuine 300W-LP, where yaw
# then comes out 1.9 degrees off on average (2,463 faces, correlation 0.999)
DEPTH = 0.49
PICTURES = 1000  # crops in the mean picture: more change nothing that an eye sees
DOTS = 110  # per inch
NO_TIME = {"Software": None}  # the same set gives the same bytes


@dataclass(frozen=True)
class Faces:
    """What the plots need of all faces: labels [N, K, 2], pose [N, 3], side [N], subset and split [N], mean picture."""

    labels: np.ndarray
    pose: np.ndarray
    side: np.ndarray
    subset: np.ndarray
    split: np.ndarray
    mean: np.ndarray


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes `report.md` and its plots into `<folder>/report` (or `out`), from the records as they are stored."""
    manifest = checked_manifest(folder)
    scheme, faces = manifest.scheme, read_faces(folder, manifest)
    out = out or folder / "report"
    figures = {
        "points": plot_points(faces, scheme),
        "yaw": plot_yaw(faces, scheme),
        "sizes": plot_sizes(faces),
        "unknown": plot_unknown(faces, scheme),
        "counts": plot_counts(manifest),
    }
    title = f"{len(faces.labels)} faces, {scheme.count} points ({scheme.name})"
    return write_page(out, title, figures, tables_of(manifest))


def write_page(out: Path, title: str, figures: Mapping[str, Figure], tables: Sequence[str]) -> Path:
    """Writes figures by name and `report.md`, which shows them above lines of Markdown, into a folder; the folder."""
    out.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        figure.savefig(out / f"{name}.png", dpi=DOTS, metadata=NO_TIME)
    lines = [f"# {title}", "", *(f"![{name}]({name}.png)\n" for name in figures), *tables]
    (out / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return out


def read_faces(folder: Path, manifest: Manifest) -> Faces:
    """All labels and the mean of the first pictures; memory does not grow with the pictures."""
    shape, columns = (manifest.scheme.count, 2), []
    mean = MeanPicture(manifest)
    for split in SPLITS:
        for face in record.read(manifest.files(folder, split)):
            columns.append((face.label.reshape(shape), face.pose, face.side, face.subset, split))
            mean.add(face.image)
    labels, poses, sides, subsets, splits = (np.array(column) for column in zip(*columns, strict=True))
    return Faces(labels.astype(np.float64), poses, sides.astype(np.float32), subsets, splits, mean.picture())


class MeanPicture:
    """The mean of the first crops of a set, without their borders."""

    def __init__(self, manifest: Manifest):
        self._manifest, self._seen = manifest, 0
        self._total = np.zeros((record.SIZE, record.SIZE, 3))

    def add(self, image: bytes) -> None:
        """Counts a record's picture, as long as there are not enough."""
        if self._seen == PICTURES:
            return
        context = self._manifest.context
        inside = slice(context, context + record.SIZE)
        self._total += record.decode_image(image, self._manifest.encoding, context)[inside, inside]
        self._seen += 1

    def picture(self) -> np.ndarray:
        """The mean so far: float64 [128, 128, 3] RGB, 0 to 1."""
        return self._total / max(self._seen, 1) / 255


def plot_points(faces: Faces, scheme: Scheme) -> Figure:
    """Where points lie on average: numbered, joined by group, ellipses of one standard deviation, on the mean face."""
    figure = Figure(figsize=(8, 8), layout="constrained")
    axes = figure.subplots()
    axes.imshow(faces.mean, extent=(0, 1, 1, 0))
    mean, spread = np.nanmean(faces.labels, axis=0), np.nanstd(faces.labels, axis=0)
    for group, indices in scheme.groups.items():
        colour = colour_of(group)
        for chain in scheme.lines.get(group, ()):
            axes.plot(*mean[list(chain)].T, color=colour, linewidth=1)
        for index in indices:
            axes.add_patch(Ellipse(mean[index], *(2 * spread[index]), fill=False, color=colour, alpha=0.6))
            axes.annotate(str(index), mean[index], color="white", fontsize=7, ha="center", va="center")
    axes.set(xlim=(-0.1, 1.1), ylim=(1.1, -0.1), facecolor="0.1", xlabel="fraction of the crop", aspect="equal")
    axes.set_title(f"Mean of {len(faces.labels)} faces; ellipses: one standard deviation")
    return figure


def plot_yaw(faces: Faces, scheme: Scheme) -> Figure:
    """How far heads are turned: by the set's own pose, and where it has none estimated from the points."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes, bins = figure.subplots(), list(range(-90, 91, 10))
    known = np.isfinite(faces.pose[:, 1])
    estimated = estimate_yaw(faces.labels, scheme)[~known]
    parts = [np.degrees(faces.pose[known, 1]), np.degrees(estimated[np.isfinite(estimated)])]
    labels = [f"from the set's pose ({len(parts[0])})", f"estimated from the points ({len(parts[1])})"]
    axes.hist(
        [np.clip(part, -90, 90) for part in parts], bins, stacked=True, label=labels, color=["#4c9be8", "#f2a65a"]
    )
    axes.set(xlabel="yaw in degrees, positive: nose to the picture's left", ylabel="faces", title="Yaw")
    axes.legend()
    return figure


def estimate_yaw(labels: np.ndarray, scheme: Scheme) -> np.ndarray:
    """Yaw in radians [N] from points [N, K, 2], positive as in 300W-LP; NaN for unknown points or without the 68.

    The nose's tip stands before the outer eye corners by a fixed part of their distance, so turning moves it along
    their line: shift / width = DEPTH tan(yaw).
    """
    if steps(scheme, IBUG_68) is None:
        return np.full(len(labels), np.nan)
    labels = convert(labels, scheme, IBUG_68)
    right, left, tip, chin = (labels[:, index] for index in (36, 45, 30, 8))
    down = chin - (right + left) / 2  # the face's own vertical; the line of the eyes vanishes in a profile
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    across = np.stack([down[:, 1], -down[:, 0]], axis=1)
    width = np.sum((left - right) * across, axis=1)
    shift = np.sum((tip - (right + left) / 2) * across, axis=1)
    return np.arctan2(-shift, DEPTH * np.maximum(width, 1e-6))


def plot_sizes(faces: Faces) -> Figure:
    """How large the crops were in their pictures; left of the mark they were enlarged."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    edges = np.geomspace(max(4, faces.side.min() * 0.99), faces.side.max() * 1.01, 40).tolist()
    parts = [faces.side[faces.split == split] for split in SPLITS]
    axes.hist(
        parts, edges, stacked=True, label=[f"{split} ({len(part)})" for split, part in zip(SPLITS, parts, strict=True)]
    )
    axes.axvline(record.SIZE, color="0.2", linestyle="--", label=f"{record.SIZE} px, what the network sees")
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set(xlabel="side of the crop in pixels of its picture", ylabel="faces", title="Face sizes")
    axes.legend()
    return figure


def plot_unknown(faces: Faces, scheme: Scheme) -> Figure:
    """Which part of the points is unknown, and which lies outside the crop, per group."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes, places = figure.subplots(), np.arange(len(scheme.groups))
    for offset, (name, share) in zip((-0.2, 0.2), shares(faces, scheme).items(), strict=True):
        bars = axes.bar(places + offset, [100 * value for value in share.values()], 0.4, label=name)
        axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.set_xticks(places, list(scheme.groups))
    axes.set(ylabel="% of the points", ylim=(0, 105), title="Points unknown and points outside the crop")
    axes.legend()
    return figure


def shares(faces: Faces, scheme: Scheme) -> dict[str, dict[str, float]]:
    """Per group the part of its points that is unknown, and of the known ones the part outside the crop; 0 to 1."""
    unknown = ~np.isfinite(faces.labels).all(axis=2)
    outside = np.any((faces.labels < 0) | (faces.labels > 1), axis=2)
    parts: dict[str, dict[str, float]] = {"unknown": {}, "outside the crop": {}}
    for group, indices in scheme.groups.items():
        here, known = unknown[:, indices], ~unknown[:, indices]
        parts["unknown"][group] = float(here.mean()) if here.size else 0.0
        parts["outside the crop"][group] = float(outside[:, indices][known].mean()) if known.any() else 0.0
    return parts


def plot_counts(manifest: SetManifest, things: str = "faces") -> Figure:
    """Records per subset and split; things: what they are called."""
    subsets = manifest.subsets
    figure = Figure(figsize=(8, 1.2 + 0.4 * len(subsets)), layout="constrained")
    axes, left = figure.subplots(), np.zeros(len(subsets))
    for split in SPLITS:
        counts = np.array([entry[split] for entry in subsets.values()])
        axes.bar_label(axes.barh(list(subsets), counts, left=left, label=split), label_type="center", fontsize=8)
        left += counts
    axes.set(xlabel=things, title=f"{things.capitalize()} per subset")
    axes.invert_yaxis()
    axes.legend()
    return figure


def colour_of(group: str) -> tuple[float, float, float]:
    """The group's colour as in drawn pictures, RGB 0 to 1; orange for a group that those do not know."""
    blue, green, red = COLOURS.get(group, (0, 165, 255))
    return red / 255, green / 255, blue / 255


def tables_of(manifest: SetManifest) -> list[str]:
    """Lines of Markdown: records by subset and split, then what was skipped and what one should know of the rest."""
    lines = ["| subset | " + " | ".join(SPLITS) + " |", "|---|" + "---|" * len(SPLITS)]
    for name, counts in manifest.subsets.items():
        lines.append(f"| {name} | " + " | ".join(str(counts[split]) for split in SPLITS) + " |")
    for title, found in (("skipped", manifest.skipped), ("taken, but", manifest.remarks)):
        if found:
            lines += ["", f"| {title} | number | the first |", "|---|---|---|"]
            lines += [f"| {kind} | {len(those)} | {those[0]} |" for kind, those in found.items()]
    return lines
