"""The training pictures of a set of scenes: encoded in memory, about 40 KB each, and decoded when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from net.detector.mosaic import AnnotatedPicture
from net.detector.targets import Scene
from records.mixes import weight_of
from records.scene import SceneRecord, decode_image


class ScenePictures:
    """Pictures by number, with how often each comes an epoch: what `net.detector.batches` makes scenes of."""

    def __init__(self, scenes: Iterable[SceneRecord], mix: Mapping[str, float]):
        """mix: how many times as often as the others a subset comes, by its name or a pattern.

        Raises ValueError where it leaves no picture.
        """
        self._scenes = list(scenes)
        self.weights = np.array([weight_of(scene.subset, mix) for scene in self._scenes], float)
        if not self.weights.any():
            raise ValueError(
                f"scenes: found {len(self._scenes)} training pictures and mix {dict(mix)}, which leave none"
            )

    def read(self, number: int) -> AnnotatedPicture:
        """The picture of a number, 0 to N - 1. Raises ValueError for a damaged one."""
        return picture_of(self._scenes[number])


def picture_of(scene: SceneRecord) -> AnnotatedPicture:
    """The decoded picture of a scene with its faces."""
    faces = Scene(scene.oriented.astype(float), scene.five.astype(float), scene.ignore.astype(float))
    return AnnotatedPicture.of(decode_image(scene.image), faces)
