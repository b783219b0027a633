"""What a look of a network says of several faces: where their points are, and how far off each is likely to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..geometry.crop import Crop


@dataclass(frozen=True)
class Located:
    """Points of N faces, float32 [N, K, 2], and the error to be expected of each, float32 [N, K].

    Both are in pixels of the picture, or in fractions of the crop's side. errors: None where the model does not tell.
    """

    points: np.ndarray
    errors: np.ndarray | None = None

    @classmethod
    def joined(cls, parts: Sequence[Located]) -> Located:
        """All faces of some parts, at least one, in their order."""
        errors = [part.errors for part in parts if part.errors is not None]
        whole = len(errors) == len(parts)
        return cls(np.concatenate([part.points for part in parts]), np.concatenate(errors) if whole else None)

    def chosen(self, faces: np.ndarray) -> Located:
        """Some of the faces: a mask [N], or indices."""
        return Located(self.points[faces], None if self.errors is None else self.errors[faces])

    def replaced(self, places: np.ndarray | tuple, others: Located) -> Located:
        """The same with others in some places, an index of [N, K]; without errors unless both have them."""
        points = self.points.copy()
        points[places] = others.points
        if self.errors is None or others.errors is None:
            return Located(points)
        errors = self.errors.copy()
        errors[places] = others.errors
        return Located(points, errors)

    def mean_with(self, others: Located, faces: np.ndarray) -> Located:
        """The means with another look's points, and with its errors, of some faces: a mask [N]."""
        both = [(self.points, others.points)]
        if self.errors is not None and others.errors is not None:
            both.append((self.errors, others.errors))
        return self.replaced((faces,), Located(*((mine[faces] + theirs[faces]) / 2 for mine, theirs in both)))

    def mirrored(self, flip: Sequence[int], offset: float | np.ndarray = 0.0) -> Located:
        """From fractions of mirrored crops those of the crops; flip: index of each point's mirror partner; offset: of
        points from their faces, to the right in either, of all points or of each, [K]."""
        points = self.points[:, flip] * (-1.0, 1.0)
        # off the face goes a partner's offset, on it the point's own
        points[..., 0] += 1 + np.broadcast_to(offset, len(flip)).take(flip) + offset
        return Located(points, None if self.errors is None else self.errors[:, flip])

    def in_picture(self, crops: Sequence[Crop]) -> Located:
        """From fractions of crops, one a face, to pixels of the picture, float32."""
        points = np.array([crop.to_picture(face) for crop, face in zip(crops, self.points, strict=True)])
        if self.errors is None:
            return Located(points)
        sides = np.array([crop.side for crop in crops], np.float32)
        return Located(points, self.errors * sides[:, None])
