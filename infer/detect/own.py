"""The detector of our own: a fully convolutional network that OpenCV runs at any picture size.

It looks at the picture reduced, and closer where that may show more. A look costs by its area: one of 320 pixels as
much as four of 160, one of 1280 as much as sixteen of 320, twice that by the larger network that may stand beside it
for closer looks: these are few, and what they show is small.

The network knows heads that lean by up to 60 degrees, those by up to 30 best; where it finds none for sure, it looks at
the picture turned. (So small a network that knows all rolls knows each of them much worse.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ..geometry.candidates import Candidates
from ..model.detector_contract import close_contract, read_detector_contract
from .cell_network import CellNetwork
from .kinds import CLOSEST
from .parts import AROUND, LOW, ROOM, longest_of, part_around, part_for_closer, whole_in
from .reduced import reduced
from .tiles import TILE, surest_in_tiles, tiles_of
from .tones import stretched
from .turns import Turn
from .two_looks import best_in_both, found_again, merged

QUICK = 160  # pixels of the longest side: a look that suffices for a portrait
PORTRAIT = 0.4  # of the picture's shorter edge: beside so large a face there is no room for many small ones
BESIDE = 0.2  # a score from which on something beside that face may be one too, too small for that look
FEW = 3  # such things are looked at one by one: a look of 320 pixels costs as much as four
FIRST = 320  # pixels of the longest side: the first look at all others
STEP = 2  # from one look to the next: what stands in profile or behind others is seen in a coarser one at times
ENLARGED = 2  # a look shows a picture at most so many times its size: tiny faces are seen better then
MOST = 8192  # pixels: of the longest side that may be asked for
DOUBT = 0.3  # a score from which on something may be a face that a closer look is sure of
HINT = 0.15  # a score from which on a glance tells of something: enough for a face that is known already
CLEAR = 0.7  # a score of a face that a quick look saw well
UPRIGHT = 0.8  # a score of a face that stands upright; one that lies is taken for upright at times, but less surely
TURNS = (2, 6, 4), (1, 7, 3, 5)  # eighths of a circle clockwise: those to try where no face is clear, and then those
TRIED = 2  # turns that tiles speak for
# of scores: so much surer a face has to be that lies, where one is found that stands; and one that lies aslant; so much
# less sure may one be in a picture turned against its lean
PRIOR = 0.1
LEANS = np.pi / 8  # from such a roll on a face is seen better where the picture is turned against it
EASE = 0.75  # of the threshold: so sure suffices of a face that is large in its picture, as few wrong finds are
# of its longer edge: what is looked at around a face of a turned picture that is looked at again, on every side: it is
# seen 67 pixels large then
ALONE = 0.7


class OwnDetector:
    """Finds faces by the network of `detector.pb`, in pictures that lie on their side or upside down too; in looks
    closer than the first one, and glances of more than `FIRST` pixels, by the larger one that its contract names, if it
    does.

    model: path of a detector with its contract `.json` beside it; size: longest side of the closest look, pixels.
    Raises FileNotFoundError where model or contract is missing, ValueError where they are damaged, do not fit each
    other or OpenCV cannot run them, and for a size beyond `FIRST` to `MOST`. One object serves one thread at a time.
    """

    name = "own"

    def __init__(self, model: str | Path, size: int = CLOSEST):
        self.size = checked_size(size)
        self.contract = read_detector_contract(model)
        self.threshold = self.contract.threshold
        close = close_contract(self.contract)
        # one more for quick looks: to change the shape of its pictures takes OpenCV longer than such a look
        self._quick, self._network = CellNetwork(self.contract), CellNetwork(self.contract)
        self._close = CellNetwork(close, self.threshold) if close else self._network
        contracts = [one for one in (self.contract, close) if one]
        self.files: tuple[Path, ...] = tuple(one.model for one in contracts)
        self.decides = tuple(value for one in contracts for value in (one.threshold, one.overlap))

    def find(self, image: np.ndarray, size: int | None = None) -> Candidates:
        """The faces of a picture uint8 [height, width, 3] BGR, surest first, of scores from the threshold on.

        size: longest side of the closest look, pixels; None: as the object has it. Raises ValueError as the class.
        """
        longest, edge = max(image.shape[:2]), min(image.shape[:2])
        size = min(self.size if size is None else checked_size(size), ENLARGED * longest)
        quick = self._look(image, QUICK, BESIDE, self._network) if longest > QUICK else None
        if quick is not None and is_portrait(quick, edge):
            sure = quick.scores >= self.threshold
            others = quick.chosen(~sure | (quick.edges * QUICK < LOW * longest))
            if len(others) <= FEW:
                return self._with_others(image, quick.chosen(sure), others)
        side = min(FIRST, longest)
        turn, seen = self._surest_turn(image, side, min(DOUBT, EASE * self.threshold))
        found = self._sure(seen, edge)
        if quick is not None and turn.eighths == 0:
            found = self._agreed(quick, found, best_in_both(QUICK / longest, side / longest))
        return turn.back(self._looked_closer(turn.of(image), found, seen, side, size, edge))

    def _with_others(self, image: np.ndarray, found: Candidates, others: Candidates) -> Candidates:
        """The faces found, and those of other things seen of which a quick look at what surrounds each is sure."""
        shape = image.shape[:2]
        for box in others.boxes:
            part = part_around(box[None], AROUND, shape)
            seen = self._quick_within(image, part)
            alone = self._sure(seen.chosen(whole_in(seen, part, shape)))
            large = best_in_both(QUICK / max(shape), QUICK / longest_of(part))
            found = merged(found, alone, large, self.contract.overlap)
        return found

    def _agreed(self, quick: Candidates, found: Candidates, large: float) -> Candidates:
        """What the first look found, and the quick one with it: faces from `large` pixels on are the quick look's, and
        those under the threshold count only where it sees them too, however unsure."""
        seen_too = found_again(found, quick.chosen(quick.scores >= DOUBT))
        found = found.chosen(seen_too | (found.scores >= self.threshold))
        sure = self._sure(quick)
        return merged(sure.chosen(sure.edges >= large), found, large, self.contract.overlap)

    def _looked_closer(
        self, image: np.ndarray, found: Candidates, seen: Candidates, side: int, size: int, edge: int
    ) -> Candidates:
        """What is found in a picture whose first look, of `side` pixels, saw and found that; the closest look has
        `size`.

        edge: the shorter one of the picture before it was turned, pixels.
        """
        shape, longest = image.shape[:2], max(image.shape[:2])
        seen = seen.chosen(seen.scores >= DOUBT)
        while side < size and (part := part_for_closer(seen, found, shape, side, edge)):
            coarse, side = side, min(side * STEP, size)
            before, seen = seen, self._look_within(image, part, side, self._close)
            seen = seen.chosen(whole_in(seen, part, shape))
            large = best_in_both(coarse / longest, side / longest)
            close = self._sure(seen)  # of large faces the look before knows better
            close = close.chosen((close.edges < large) | found_again(close, before))
            found = merged(found, close, large, self.contract.overlap)
        return found

    def _surest_turn(self, image: np.ndarray, side: int, least: float) -> tuple[Turn, Candidates]:
        """The turn of the picture in which a look finds the surest face, and what that look sees, in the turned one.

        The picture as it is where that shows a face that stands for sure, or no turn shows a surer one. Of a clear face
        that leans, the turn against that.
        """

        @cache
        def look(eighths: int) -> tuple[Turn, Candidates]:
            turn = Turn(eighths, image.shape)
            return turn, self._look(turn.of(image), side, least, self._close if side > FIRST else self._network)

        best = look(0)
        if _surest(best[1]) < UPRIGHT:
            best = self._tried(image, best, look)
        if _surest(best[1]) < CLEAR:
            return best
        return self._surer(best, [look((best[0].eighths + one) % 8) for one in turn_against_lean(best[1])], -PRIOR)

    def _tried(
        self, image: np.ndarray, best: tuple[Turn, Candidates], look: Callable[[int], tuple[Turn, Candidates]]
    ) -> tuple[Turn, Candidates]:
        """The best look, or that at a turn in which a face stands more surely: of the turns that look best in small
        tiles, and where no face is clear and these cannot tell, of all turns, by quarters, and then those in between.

        So many looks have their chances: the face has to be seen again alone.
        """
        in_tiles = promising(surest_in_tiles(self._network.seen(tiles_of(image), DOUBT)))
        for eighths in (*in_tiles, *TURNS):
            if eighths in TURNS and (_surest(best[1]) >= CLEAR or self._shows_in_tiles(best[1], max(image.shape[:2]))):
                break
            # tiles have ranked the turns that they speak for: of two of these the surer one is taken
            prior = PRIOR if best[0].eighths == 0 or eighths in TURNS else 0.0
            surer = self._surer(best, [look(one) for one in eighths], prior)
            best = surer if surer is best or self._seen_alone(image, *surer) else best
            if _surest(best[1]) >= UPRIGHT:
                break
        return best

    def _surer(
        self, best: tuple[Turn, Candidates], looks: Sequence[tuple[Turn, Candidates]], prior: float
    ) -> tuple[Turn, Candidates]:
        """The surest of further looks at a turned picture, where it shows a surer face than the best one so far, by
        `prior` where that shows one."""
        surest = max(looks, key=lambda look: _surest(look[1]), default=best)
        wanted = _surest(best[1]) + (prior if len(self._sure(best[1])) else 0.0)
        return surest if _surest(surest[1]) > wanted and len(self._sure(surest[1])) else best

    def _seen_alone(self, image: np.ndarray, turn: Turn, seen: Candidates) -> bool:
        """Whether a quick look at what surrounds the surest thing seen in the turned picture finds that face too."""
        surest, turned = seen.surest(1), turn.of(image)
        again = self._quick_within(turned, part_around(surest.boxes, ALONE, turned.shape[:2]))
        return bool(found_again(surest, self._sure(again)).all())

    def _shows_in_tiles(self, seen: Candidates, longest: int) -> bool:
        """Whether a look found a face so large that the small tiles would have shown it in another turn; longest: side
        of the picture, pixels."""
        found = self._sure(seen)
        return len(found) > 0 and found.edges[0] * TILE >= LOW * longest

    def glance(self, image: np.ndarray, side: int, least: float = HINT) -> Candidates:
        """What a look at the picture with a longest side of `side` pixels, or as large as it is, shows, turned
        where that shows surer faces: from scores of `least` on, surest first; never less than what is found.
        """
        turn, seen = self._surest_turn(image, min(side, max(image.shape[:2])), least)
        return turn.back(seen)

    def _look(self, image: np.ndarray, side: float, least: float, network: CellNetwork) -> Candidates:
        """What a network sees in the picture as it stands, with a longest side of `side` pixels, surest first."""
        look = reduced(image, side, ENLARGED)
        shown = stretched(look.image)
        if max(shown.shape[:2]) != QUICK:
            return look.found(network.seen(shown, min(least, self.threshold)))
        # quick looks are of one shape: another than the look before costs OpenCV more than the black does
        network = self._quick if network is self._network else network
        return look.found(network.seen(squared(shown), min(least, self.threshold)))

    def _quick_within(self, image: np.ndarray, part: tuple[int, int, int, int]) -> Candidates:
        """What a quick look at a part (x0, y0, x1, y1) of the picture sees."""
        return self._look_within(image, part, QUICK * max(image.shape[:2]) / longest_of(part), self._network)

    def _look_within(
        self, image: np.ndarray, part: tuple[int, int, int, int], side: float, network: CellNetwork
    ) -> Candidates:
        """What a network sees in a part (x0, y0, x1, y1) of the picture; side: the longest one that all of it would
        have, pixels."""
        x0, y0, x1, y1 = part
        longest = side * longest_of(part) / max(image.shape[:2])
        return self._look(image[y0:y1, x0:x1], longest, DOUBT, network).moved((x0, y0))

    def _sure(self, seen: Candidates, edge: float = np.inf) -> Candidates:
        """Those that are faces; edge: the shorter one of the picture, pixels, where the look showed all of it."""
        least = np.where(seen.edges >= ROOM * edge, EASE, 1.0) * self.threshold
        return seen.chosen(seen.scores >= least)


def squared(image: np.ndarray) -> np.ndarray:
    """The picture uint8 [height, width, 3] with black below it or beside it, so that it is a square."""
    height, width = image.shape[:2]
    longest = max(height, width)
    return cv2.copyMakeBorder(image, 0, longest - height, 0, longest - width, cv2.BORDER_CONSTANT)


def checked_size(size: int) -> int:
    """The longest side of a closest look, pixels. Raises ValueError where it is none."""
    if not FIRST <= size <= MOST:
        raise ValueError(f"detect_size: found {size}, expected {FIRST} to {MOST} pixels")
    return size


def _surest(seen: Candidates) -> float:
    return float(seen.scores.max(initial=0))


def turn_against_lean(seen: Candidates) -> Sequence[int]:
    """The eighth of a circle by which to turn a picture, so that its surest face stands better; none where that hardly
    leans."""
    roll = seen.oriented[np.argmax(seen.scores), 4]
    return () if abs(roll) < LEANS else (-int(np.sign(roll)) % 8,)


def promising(in_tiles: np.ndarray) -> list[tuple[int]]:
    """The turns, eighths of a circle, of which tiles show surer faces than of the picture as it is, to be tried one by
    one: the best `TRIED`, quarters ahead by `PRIOR`. in_tiles: scores [8]."""
    ranks = in_tiles + PRIOR * (np.arange(len(in_tiles)) % 2 == 0)
    order = np.argsort(-ranks, kind="stable")
    return [(int(eighths),) for eighths in order[in_tiles[order] > in_tiles[0]][:TRIED]]


def is_portrait(seen: Candidates, edge: int) -> bool:
    """Whether the surest thing that a quick look saw is a clear face that hardly leans and takes `PORTRAIT` of the
    picture's shorter edge, pixels: a closer look shows no more of it then.

    Beside other things it has to stand for sure: a face that lies is seen with what passes for smaller ones.
    """
    if not len(seen) or seen.scores[0] < (CLEAR if len(seen) == 1 else UPRIGHT):
        return False
    return bool(seen.edges[0] >= PORTRAIT * edge) and not turn_against_lean(seen)
