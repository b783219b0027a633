"""The shape of the network: every choice that makes one network unlike another, checked at construction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from infer.model.contract import FARTHEST
from net.options import option

BLOCKS = ("residual", "inverted")
HEADS = ("integral", "dense")
SPREADS = HEAT, LEARNED = "heat", "learned"
PICTURES, PIXELS, LABELS = ("rgb", "grey"), ("scaled", "standardised"), ("fractions", "standardised")
OF_LABELS = ("label_offset",)  # fields that the weights do not depend on, for they say of labels how they lie
STRIDE = 32  # the stem halves the picture twice, the last three stages once each
REDUCTION = 8  # squeeze-and-excite narrows to this part of the channels
# fields that are gone, with the one value that the network still has; contracts that were shipped name them
FORMER = {"cell": 8, "border": 0}


@dataclass(frozen=True)
class Shape:
    """What the network looks like; points: K, how many it answers; size: edge of the picture it sees.

    pixel_mean, pixel_std: taken off the pixels 0..255 and divided by; label_mean, label_std: of standardised labels,
    2K numbers each, in fractions of the crop's side. Raises ValueError where it could not be built.
    """

    points: int = 68
    block: str = option("residual", "two 3x3 convolutions, or MobileNet's inverted bottleneck", BLOCKS)
    width: int = option(32, "channels of the stem and the first stage, doubled by each further stage")
    widest: int = option(256, "channels of a stage at most")
    depth: int = option(1, "blocks a stage")
    head: str = option("integral", "mean place under heat maps, or one matrix", HEADS)
    decoder: int = option(64, "channels of the head")
    spread: str = option(HEAT, "how far off points may be: as wide as their heat, or as a small head learns", SPREADS)
    picture: str = option("rgb", "what the network sees", PICTURES)
    pixels: str = option("scaled", "to -1..1, or by mean and deviation of the training set", PIXELS)
    labels: str = option(
        "fractions",
        "standardised: the loss counts in deviations of the training set, and a dense head answers so",
        LABELS,
    )
    label_offset: float = option(
        0.0, "labels lie so far to the right of their faces, in fractions of the crop's side: answers do so too"
    )
    size: int = 128
    pixel_mean: float = 127.5
    pixel_std: float = 127.5
    label_mean: tuple[float, ...] = ()
    label_std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ("label_mean", "label_std"):  # JSON has lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
        self._check_choices()
        self._check_sizes()
        self._check_moments()
        self._check_offset()

    def _check_choices(self) -> None:
        for field in fields(self):
            choices, found = field.metadata.get("choices"), getattr(self, field.name)
            if choices and found not in choices:
                raise ValueError(f"{field.name}: found {found!r}, expected one of {', '.join(choices)}")

    def _check_sizes(self) -> None:
        numbers = self.points, self.width, self.widest, self.depth, self.decoder
        if self.spread == LEARNED and self.head == "dense":
            raise ValueError(f"spread: found {LEARNED!r} with head 'dense', which has no heat maps; expected {HEAT!r}")
        if min(numbers) < 1 or self.width % REDUCTION or self.widest % REDUCTION:
            raise ValueError(f"network: found {self}, expected positive numbers, widths divisible by {REDUCTION}")
        if self.size < 1 or self.size % STRIDE:
            raise ValueError(f"network: size is {self.size}, expected a multiple of {STRIDE}")

    def _check_offset(self) -> None:
        if not abs(self.label_offset) <= FARTHEST:
            raise ValueError(f"label_offset: found {self.label_offset}, expected -{FARTHEST} to {FARTHEST}")
        if self.label_offset and self.head == "dense":
            raise ValueError(f"label_offset: found {self.label_offset} with head 'dense', expected heat maps, or 0")

    def _check_moments(self) -> None:
        lengths = {len(self.label_mean), len(self.label_std)}
        if lengths not in ({0}, {2 * self.points}) or not min(self.pixel_std, *self.label_std, 1) > 0:
            raise ValueError(
                f"network: found pixel_std {self.pixel_std}, {len(self.label_mean)} label_mean, {len(self.label_std)} "
                f"label_std, expected deviations > 0 and {2 * self.points} or no numbers of labels"
            )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Shape:
        """The shape that a run's settings or a model's contract hold (see `settings`).

        Raises ValueError where a field that is gone asks for a network that is no more, TypeError for other fields.
        """
        if not isinstance(settings, Mapping):
            raise TypeError(f"network: found a {type(settings).__name__}, expected fields and their values")
        for name, only in FORMER.items():
            if settings.get(name, only) != only:
                raise ValueError(f"{name}: found {settings[name]!r}, expected {only}: no network has another any more")
        return cls(**{name: value for name, value in settings.items() if name not in FORMER})

    def settings(self) -> dict[str, Any]:
        """The fields as JSON has them, for a run's settings and a model's contract."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @property
    def planes(self) -> int:
        """Channels of the picture."""
        return 1 if self.picture == "grey" else 3

    def channels(self, index: int) -> int:
        """Channels of stage `index`, 0 to 3."""
        return min(self.width << index, self.widest)
