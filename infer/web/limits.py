"""What the service takes, in one place: the program's options, the answers' errors and the OpenAPI document use it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..detect.kinds import CLOSEST

PASSES = (1, 4)  # of the network: fewest and most that a request may ask for
NAME_LENGTH = 200  # letters of a picture's name that are given back


@dataclass(frozen=True)
class Limits:
    """Limits of the service.

    upload: bytes of a request's body; pixels: of a picture, found before decoding; boxes: in a picture; pictures: of a
    batch; queue: pictures that may wait for a worker; rate: pictures a second of one client, 0 for no limit; seconds:
    that a request may wait for its answer; detect_size: longest side of the detector's closest look, pixels. Raises
    ValueError for what cannot work.
    """

    upload: int = 10_000_000
    pixels: int = 50_000_000
    boxes: int = 64
    pictures: int = 16
    queue: int = 32
    rate: float = 50.0
    seconds: float = 30.0
    detect_size: int = CLOSEST

    def __post_init__(self):
        for field in fields(self):
            value, least = getattr(self, field.name), 0 if field.name == "rate" else 1
            if not value >= least:
                raise ValueError(f"{field.name}: found {value}, expected at least {least}")
        if self.queue < self.pictures:
            raise ValueError(f"queue: found {self.queue}, expected room for a batch of {self.pictures} pictures")

    @property
    def burst(self) -> float:
        """Pictures that a client may send at once: two seconds' worth, and a whole batch in any case."""
        return max(2 * self.rate, self.pictures)
