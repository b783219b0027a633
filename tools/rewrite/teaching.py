"""Records of few points that become records of a teacher's many, where the teacher's answer agrees with the few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from records import record
from records.landmarks import convert
from records.manifest import Manifest
from records.scheme import Scheme
from records.shards import checked_manifest
from tools.rewrite.doubts import Doubts, doubt_of
from tools.rewrite.sets import Rewriting, noting, opened, rewrite
from tools.rewrite.teacher import Teacher

DISAGREES = "teacher disagrees"  # why a record is left out


def teach_records(folder: Path, out: Path, teacher: Teacher, far: float, overwrite: bool) -> Manifest:
    """Writes the new set; returns its manifest, whose `skipped` names the records that were left out.

    far: fractions of the crop's side that the teacher's answer may be off at any known point. Records tell their doubt,
    what the teacher's views disagree on. Test records are left out: a few points are no truth for many. Raises what
    `tools.rewrite.sets.rewrite` and `Teacher.learnt` raise.
    """
    before = checked_manifest(folder)
    scheme, kind = teacher.learnt(before)
    doubts = Doubts()
    left_out: list[str] = []

    def taught(serialised: bytes, manifest: Manifest) -> Iterator[bytes]:
        found, image = opened(serialised, manifest)
        answer = teacher.answer(image, manifest)
        fault = disagreement(answer.points, scheme, found.label.reshape(-1, 2), manifest.scheme, far)
        if fault:
            left_out.append(f"{found.subset}/{found.name}: {fault}")
        else:
            doubt = doubt_of(answer, answer.points)
            doubts.add(found.subset, doubt)
            yield record.encode(replace(found, label=answer.points.astype(np.float32).ravel(), doubt=doubt))

    def told(manifest: Manifest) -> Manifest:
        skipped = manifest.skipped | ({DISAGREES: left_out} if left_out else {})
        notes = {"taught": {"from": before.scheme.name, "far": far}} | teacher.notes(before)
        known = replace(manifest, scheme=scheme, points=kind, skipped=skipped, doubts=doubts.summary())
        return noting(notes)(known)

    return rewrite(folder, out, overwrite, Rewriting(taught, told, test=False))


def disagreement(answer: np.ndarray, answered: Scheme, label: np.ndarray, known: Scheme, far: float) -> str:
    """In words, which known point the teacher's answer is furthest off, where that is more than `far`; else nothing.

    answer: [K, 2] of the scheme `answered`; label: [L, 2] of `known`, NaN where unknown; both, and far, in fractions of
    the crop's side.
    """
    apart = np.linalg.norm(convert(answer, answered, known) - label, axis=1)
    worst = int(np.nanargmax(apart))
    if apart[worst] <= far:
        return ""
    found = f"found the teacher's answer {apart[worst]:.3f} of the crop's side off at {known.name_of(worst)}"
    return f"{found}, expected at most {far:g}"
