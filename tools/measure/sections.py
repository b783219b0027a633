"""The sections of `make bench`: what each measures, and the words of its page."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tools.shell import output_of

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "images" / "readme"
REAL = 'DATA="300W 300W_LP"'
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2"}  # records.processor sees to the rest


@dataclass(frozen=True)
class Bench:
    """What sections are measured with: real data sets, marked photos, a set of masks, and drawn faces, made when one
    wants them."""

    data: Sequence[Path]
    photos: Path | None
    masks: Path | None
    count: int
    folder: Path

    @cached_property
    def faces(self) -> Path:
        """The data set of drawn faces."""
        run("tools/make_faces.py", "--count", self.count, "--out", self.folder / "faces")
        return self.folder / "faces"

    @cached_property
    def records(self) -> Path:
        """The records of the drawn faces, each training face five times."""
        run("tools/make_records.py", f"{self.faces}:5", "--out", self.folder / "records", "--no-report")
        return self.folder / "records"


def run(script: str, *arguments: object, settings: Mapping[str, str] | None = None) -> str:
    """What a script of the project prints, which is said to run, with settings of its environment; as `output_of`."""
    print(f"$ {script}", flush=True)
    return output_of(script, *arguments, settings=settings)


def table_of(script: str, *arguments: object) -> str:
    """The table that a script prints, without the lines of progress before it."""
    return "\n".join(re.findall(r"^\|.*$", run(script, *arguments), re.MULTILINE))


def evaluation(data: Sequence[Path], out: Path) -> str:
    """The tables of tools/evaluate.py for the shipped models on held-out faces; nothing without faces."""
    if not data:
        return ""
    run("tools/evaluate.py", *shipped(), "--data", *data, "--out", out)
    text = (out / "evaluation.md").read_text(encoding="utf-8")
    return text.removeprefix("# Evaluation\n").partition("\n![")[0].replace(str(ROOT) + os.sep, "")


def shipped() -> list[Path]:
    """The models that come with the program and find the same points, the standard one first."""
    return [path for name in ("", "_small") if (path := ROOT / "infer" / f"landmark{name}.pb").is_file()]


def detection(bench: Bench) -> str:
    """Missed and invented faces, on marked photos too; nothing without real faces."""
    marked = ["--photos", bench.photos] if bench.photos else []
    return table_of("tools/measure/detection.py", "--data", *bench.data, *marked) if bench.data else ""


def errors(bench: Bench) -> str:
    """What the shipped models tell of their errors, with a plot, and the least sure of drawn faces, for they may be
    shown; nothing without real faces."""
    if not bench.data:
        return ""
    script, (first, *others) = "tools/measure/errors.py", shipped()
    masks = ["--masks", bench.masks] if bench.masks else []
    text = run(script, *bench.data, *masks, "--model", first, "--plot", PICTURES / "errors.png")
    parts = [f"## {first.stem}", tables_in(text), "![Told and true errors](../../images/readme/errors.png)"]
    for model in others:
        parts += [f"## {model.stem}", tables_in(run(script, *bench.data, "--model", model))]
    run(script, bench.faces, "--model", first, "--sheet", PICTURES / "least_sure.jpg")
    parts += ["## The least sure of drawn faces", "![The least sure faces](../../images/readme/least_sure.jpg)"]
    return "\n\n".join(parts)


def tables_in(text: str) -> str:
    """What a script prints from its first heading on."""
    return text[text.index("### ") :].strip()


def training(records: Path) -> str:
    """The tables of this processor, and those of a common one."""
    parts = {"All that this processor has": {}, "AVX2 alone, as a common processor has it": AVX2}
    tables = (run("tools/measure/training.py", "--records", records, settings=one) for one in parts.values())
    return "\n\n".join(f"## {title}\n\n{text.strip()}" for title, text in zip(parts, tables, strict=True))


def formats(models: Sequence[Path]) -> str:
    """Every format of each of the models that are there, in every runtime."""
    return "\n\n".join(run("tools/measure/formats.py", "--model", model) for model in models if model.is_file())


def real_faces(script: str, data: Sequence[Path]) -> str:
    """A script's table on real faces; nothing without them."""
    return table_of(script, *data) if data else ""


def found_crops(data: Sequence[Path]) -> str:
    """What the crops of found faces are off, and the ranges of training; nothing without real faces."""
    if not data:
        return ""
    *lines, ranges = run("tools/measure/crops.py", *data).strip().splitlines()
    return "\n".join([*(line for line in lines if line.startswith("|")), "", ranges])


@dataclass(frozen=True)
class Section:
    """A page: its title, what was measured and how to read it, what measures it, and make's variables it needs.

    page: whether it is one; else what is measured is only printed.
    """

    title: str
    about: str
    measure: Callable[[Bench], str]
    needs: str = ""
    page: bool = True


# rolled and moving faces are made of the first set, poses are those of the last one: 300W and 300W_LP in that order
SECTIONS = {
    "records": Section(
        "Records",
        "`tools/make_records.py` on drawn faces of 450x450 pixels against a bare loop that reads, warps and "
        "JPEG-encodes, a process on every core at once. (Cores share much: two processes do less than twice the "
        "work of one.) *All in* counts start-up, contact sheet and report; *each further face* is the rate beyond "
        "them.",
        lambda bench: run("tools/measure/records.py", bench.faces),
    ),
    "training": Section(
        "Training",
        "Gradient steps of the standard network, in float32 and with muon, on real batches (records read, decoded, "
        "augmented) and on one constant batch, and the step's matrix products alone, in turns: those of convolutions' "
        "unrolled windows, of their gradients, and of muon. In the second part oneDNN, which has all of these, is "
        "told to use AVX2 at most; TensorFlow's other code is the same for all processors.",
        lambda bench: training(bench.records),
    ),
    "evaluation": Section(
        "Held-out faces",
        "The shipped models on sources that training did not see. What the columns mean: "
        "[docs/evaluation.md](../evaluation.md). The inter-ocular distance vanishes in a profile, so it says "
        "nothing about turned heads. The box is that of the known points: YTF's, without a jaw, has 0.78 of the "
        "whole one's edges, so that its box percentages are larger by as much.",
        lambda bench: evaluation(bench.data, bench.folder / "evaluation"),
        REAL,
    ),
    "evaluation-drawn": Section(
        "Drawn faces",
        "The shipped models on faces that `tools/make_faces.py` draws, so that no data set is needed. What the "
        "columns mean: [docs/evaluation.md](../evaluation.md).",
        lambda bench: evaluation([bench.faces], bench.folder / "evaluation of drawn faces"),
    ),
    "limits": Section(
        "Where the network is weak",
        "Held-out faces by what is known of them, and the same faces made harder in one way at a time "
        "(`tools/measure/limits.py`). Faces without a known jaw (YTF) count in *all*, by size and by brightness, "
        "but not by yaw, eyes and mouth. The error is in % of the size of the whole face's box; elsewhere it is "
        "the box of the known points, for YTF a smaller one.",
        lambda bench: real_faces("tools/measure/limits.py", bench.data),
        REAL,
    ),
    "errors": Section(
        "How far off points are told to be",
        "What a model tells of its errors beside what they are (`tools/measure/errors.py`), one pass from the true "
        "box, in % of the size sqrt(w h) of the face's box, on held-out sources that its calibration did not see. "
        "*Spearman*: correlation of ranks of told and true errors; *points*: of all points of all faces, *each "
        "point*: the mean of what every point has by itself, *faces*: of the faces' means. *AUROC*: how often a "
        "covered point is told to be farther off than an uncovered one, or a changed face is less sure than one as "
        "it is. The least sure faces of your own data: `python tools/measure/errors.py data/300W --sheet least.jpg`.",
        errors,
        f"{REAL} MASKS=masks.jsonl",
    ),
    "detection": Section(
        "Finding faces",
        "Sources that training did not see (`tools/measure/detection.py`). Found: the box around the points shares "
        "half of its union with the true one. Invented: found elsewhere, be it a face that nobody marked. The rules of "
        "the looks were tuned on many of these pictures.",
        detection,
        f"{REAL} PHOTOS=photos",
    ),
    "roll": Section(
        "Rolled heads",
        "Held-out faces with all points known, turned by known angles, the box upright around the turned points "
        "(`tools/measure/roll.py`): NME inter-ocular in %, failed (over 10 %) in brackets. *As fit does*: "
        "`Landmarker.fit`, `--boxes` and `--whole`, which try turned crops where the passes disagree. From a "
        "detector's box the first crop stands as the head does.",
        lambda bench: real_faces("tools/measure/roll.py", bench.data[:1]),
        REAL,
    ),
    "crops": Section(
        "Crops of found faces",
        "Crops around what the detector finds in pictures that no training saw, held against the upright crops around "
        "the true points, in the latter's own frame (`tools/measure/crops.py`). The median, and in brackets what 50 / "
        "90 / 95 / 99 % of the finds are off by less, either way. Training varies crops by as much: "
        "[more faces](../training.md#more-faces-of-five-points-each).",
        lambda bench: found_crops(bench.data),
        REAL,
    ),
    "pose": Section(
        "Head pose",
        "Head pose against 300W-LP's `Pose_Para` in degrees (`tools/measure/pose.py`). Near a profile pitch and "
        "roll turn about one axis: see *turn*, the angle of the one turn between found and true pose.",
        lambda bench: real_faces("tools/measure/pose.py", bench.data[-1:]),
        REAL,
    ),
    "video": Section(
        "Following faces",
        "Tracking of two faces at 640x480 in clips made of held-out stills with known motion, fresh noise in every "
        "frame (`tools/measure/video.py`). *covered*: something like a hand passes before them. *by errors*: as it is "
        "done where the model tells its points' errors. *ids*: how many the two faces had, the "
        "most of any of the three clips; 2 where each kept its own.",
        lambda bench: real_faces("tools/measure/video.py", bench.data[:1]),
        REAL,
    ),
    "batches": Section(
        "Many pictures",
        "Pictures a second of the whole command `infer/run.py`, start-up included, against reading them alone on "
        "all cores (`tools/measure/batches.py`).",
        lambda bench: run("tools/measure/batches.py", bench.faces),
    ),
    "service": Section(
        "Web page and REST service",
        "32 clients that ask again as soon as they have an answer, on the same cores as the service "
        "(`tools/measure/service.py`). The bare landmarker runs on every core without a service, before and after, "
        "in one run; both run the same code, so a ratio over 1 is the machine's noise. *No points*: answers that "
        "were none. Memory is that of the service after a quarter of the time and at the end.",
        lambda bench: table_of("tools/measure/service.py", bench.faces),
    ),
    "scale": Section(
        "More than one machine",
        "Everything ran on one machine: two processes stand for two workers, loopback for the network, and the "
        "parameter server is a third process on the same cores (`tools/measure/scale.py`, on drawn faces). Bytes "
        "are those counted on loopback. What was tried of Beam and what was not: "
        "[docs/machines.md](../machines.md).",
        lambda bench: run("tools/measure/scale.py", bench.faces),
    ),
    "formats": Section(
        "Formats and runtimes",
        "The standard model and the detector in every format, on every runtime that reads it, in turns; differences "
        "are from TensorFlow's answers (`tools/measure/formats.py`). What is compared: "
        "[export](../export.md).",
        lambda bench: formats([ROOT / "infer" / name for name in ("landmark.pb", "detector.pb")]),
    ),
    "startup": Section(
        "Start-up",
        "How long the commands take to answer, from the call to the end of the process (`tools/measure/startup.py`): "
        "the median of six runs in turns, and the least.",
        lambda bench: table_of("tools/measure/startup.py"),
    ),
    "device": Section(
        "This machine",
        "A row for the table in [docs/devices.md](../devices.md).",
        lambda bench: output_of("tools/measure/device.py"),
        page=False,
    ),
}
