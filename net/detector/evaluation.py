"""Testing a detector while training: test scenes through the network, and what it found in them against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from infer.geometry.boxes import OVERLAP
from infer.geometry.candidates import Candidates
from infer.geometry.cells import decoded
from net.detector.kind import THRESHOLD
from net.detector.shape import LEVELS, MULTIPLE
from net.run.evaluation import Findings
from records import metrics
from records.drawing import TRUE_COLOUR, draw_boxes, draw_points
from records.judging import ALL, FoundBoxes, Judged, TruePicture, counted_finds, judge, parts_of
from records.manifest import SceneManifest
from records.runtime import tf, v1
from records.scene import SceneRecord, decode_image, read

DOUBT = 0.02  # a score from which on a candidate takes part in a test
MOST = 300  # candidates a scene, the surest, from which overlapping ones are taken out
ALLOWED, SAFE = 0.1, 0.025  # false alarms a picture: of the recall that is told, and of the threshold that is proposed
PICTURES = 8  # scenes shown in TensorBoard and in the report
WHITE, GREEN = (255, 255, 255), TRUE_COLOUR
SHOWN = 0.5  # a score from which on finds are drawn, where none gives so few false alarms


@dataclass(frozen=True, eq=False)
class SeenScene:
    """A test scene as it is looked at: image uint8 [h, w, 3] RGB; of its faces oriented [N, 5], boxes [N, 4], five
    [N, 5, 2]; ignore [M, 4]; all in its pixels."""

    image: np.ndarray
    oriented: np.ndarray
    boxes: np.ndarray
    five: np.ndarray
    ignore: np.ndarray


@dataclass(frozen=True, eq=False)
class DetectorLook:
    """The network as it looks at scenes, in a graph.

    image: what is fed, float32 [1, H, W, 3] RGB 0..255; cells: the answers of all levels; longest: side of a scene,
    pixels, to which larger ones are reduced.
    """

    image: tf.Tensor
    cells: Sequence[tf.Tensor]
    longest: int

    def find(self, session: v1.Session, image: np.ndarray) -> Candidates:
        """What may be faces in a picture uint8 [h, w, 3] RGB, surest first, each once."""
        height, width = image.shape[:2]
        padded = cv2.copyMakeBorder(image, 0, -height % MULTIPLE, 0, -width % MULTIPLE, cv2.BORDER_CONSTANT)
        maps = session.run(self.cells, {self.image: padded[None]})
        found = decoded([cells[0] for cells in maps], LEVELS, DOUBT)
        return found.surest(MOST).distinct(OVERLAP)

    def drawn(self, session: v1.Session, record: SceneRecord, from_on: float) -> np.ndarray:
        """The scene with true boxes and points white, finds of scores `from_on` and more green; uint8 RGB."""
        scene = seen_at(record, self.longest)
        found = self.find(session, scene.image)
        kept, image = found.chosen(found.scores >= from_on), scene.image.copy()
        for oriented, five, colour in ((scene.oriented, scene.five, WHITE), (kept.oriented, kept.five, GREEN)):
            draw_boxes(image, oriented, colour)
            draw_points(image, five.reshape(-1, 2), colour)
        return image


@dataclass(frozen=True, eq=False)
class DetectorEvaluation:
    """The part of the training graph that tests a detector; saver: of the weights that are tested."""

    look: DetectorLook
    saver: v1.train.Saver
    scenes: Sequence[SceneRecord]

    def run(self, session: v1.Session) -> Findings:
        """Average precision and recall, in all, by height and by subset; some scenes with what was found."""
        truths, finds = [], []
        for record in self.scenes:
            scene = seen_at(record, self.look.longest)
            found = self.look.find(session, scene.image)
            truths.append(truth_of(record.subset, scene))
            finds.append(FoundBoxes(found.boxes, found.scores, found.oriented[:, 4]))
        measures = measures_of(judge(truths, finds))
        shown, from_on = sorted(spread(len(self.scenes), PICTURES)), measures.get(THRESHOLD, SHOWN)
        pictures = [self.look.drawn(session, self.scenes[index], from_on) for index in shown]
        return Findings(measures, in_words(measures), pictures)


def chosen_scenes(folder: Path, manifest: SceneManifest, most: int) -> list[SceneRecord]:
    """At most so many of a set's test scenes, evenly spread over all, their pictures still encoded."""
    chosen = spread(manifest.count("test"), most)
    return [scene for number, scene in enumerate(read(manifest.files(folder, "test"))) if number in chosen]


def spread(count: int, most: int) -> set[int]:
    """At most so many indices of `count` things, evenly spread."""
    return set(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist())


def seen_at(record: SceneRecord, look: int) -> SeenScene:
    """A scene with its longer side reduced to `look` pixels, its places with it; a smaller one as it is."""
    image = decode_image(record.image)
    scale = min(1.0, look / max(image.shape[:2]))
    if scale < 1:
        size = [max(1, round(edge * scale)) for edge in image.shape[1::-1]]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    shift = (scale - 1) / 2  # pixel centres at whole numbers: the pictures' edges lie on each other
    oriented = record.oriented * [scale, scale, scale, scale, 1] + [shift, shift, 0, 0, 0]
    boxes, five, ignore = (places * scale + shift for places in (record.box, record.five, record.ignore))
    return SeenScene(image, oriented, boxes, five, ignore)


def truth_of(subset: str, scene: SeenScene) -> TruePicture:
    """What is known of a scene; its yaws are not."""
    count = len(scene.boxes)
    heights, rolls = scene.oriented[:, 3], scene.oriented[:, 4]
    return TruePicture(subset, scene.boxes, heights, np.full(count, np.nan), rolls, [""] * count, scene.ignore)


def measures_of(judged: Judged) -> dict[str, float]:
    """`average_precision` and `recall` at ALLOWED false alarms a picture; `threshold`: the score that gives SAFE ones.

    Of all faces; as `recall/<subset>`, `recall/all/<height>` and `recall/<subset>/<height>` of parts. What has no faces
    is left out.
    """
    table = {}
    for part in parts_of(judged):
        scores, hits = counted_finds(judged, part)
        faces, pictures = int(part.faces.sum()), int(part.pictures.sum())
        name = "" if part.name == ALL else "/" + part.name.replace(", ", "/")
        table[f"average_precision{name}"] = metrics.average_precision(scores, hits, faces)
        table[f"recall{name}"], _ = metrics.recall_at(scores, hits, faces, ALLOWED * pictures)
        if part.name == ALL:
            _, table[THRESHOLD] = metrics.recall_at(scores, hits, faces, SAFE * pictures)
    return {name: value for name, value in table.items() if np.isfinite(value)}


def in_words(measures: dict[str, float]) -> str:
    """`test AP 61.30 % (recall 54.20 %)`."""
    values = (100 * measures.get(name, np.nan) for name in ("average_precision", "recall"))
    return "test AP {:.2f} % (recall {:.2f} %)".format(*values)
