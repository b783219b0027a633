"""`detector.json`, the contract of a face detector made here: what it wants, and how its cells are to be read.

Nobody else reads its keys; `export/` alone writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..geometry.levels import FIELDS, Level
from . import schema
from .document import read_document
from .schema import NCHW, NHWC
from .trained_on import TrainedOn, known, trained_on_of

KIND = "detector"
COARSEST = 1024  # pixels: of a stride, of what an edge of the picture is a multiple of
OUTPUTS = schema.Value(lambda value: isinstance(value, list) and 0 < len(value) <= 8, "one to eight objects")
OUTPUT: dict[str, schema.Form] = {"name": schema.TEXT, "stride": schema.WHOLE, "unit": schema.NUMBER}
FORM: dict[str, schema.Form] = {
    "kind": schema.TEXT,
    "file": schema.FILE,
    "sha256": schema.DIGEST,
    "input": {
        "name": schema.TEXT,
        "channels": schema.COUNT,
        "order": schema.TEXT,
        "range": schema.NUMBERS,
        "multiple": schema.COUNT,
        "layout?": schema.TEXT,
    },
    "outputs": OUTPUTS,
    "fields": schema.COUNT,
    "threshold": schema.NUMBER,
    "overlap": schema.NUMBER,
    "close?": schema.FILE,
    "trained_on?": schema.TRAINED_ON,
    "tolerance?": schema.OBJECT,
    "formats?": schema.FORMATS,
    "network?": schema.OBJECT,
    "terms?": schema.TEXT,
}


@dataclass(frozen=True)
class DetectorContract:
    """What a detector wants and answers.

    model: path of the frozen graph or `.onnx` file; sha256: its hash, in hex; input: name of what is fed, float32
    [1, height, width, 3], RGB 0..255, edges multiples of `multiple`; layout: "NCHW" where it is fed, and answers, with
    channels first, as OpenCV has frozen graphs; levels: its outputs; threshold: score from which on it is a face;
    overlap: IoU from which on two finds are one face; raw: the whole document, to be shown; close: path of another
    detector, for closer looks; network: settings of a network made here; terms: of use. Raises ValueError for what does
    not go together.
    """

    model: Path
    sha256: str
    input: str
    multiple: int
    layout: str
    levels: tuple[Level, ...]
    threshold: float
    overlap: float
    trained_on: TrainedOn
    raw: dict
    close: Path | None = None
    network: dict | None = None
    terms: str | None = None

    def __post_init__(self) -> None:
        _check_within("input.multiple", self.multiple, 1, COARSEST)
        for index, one in enumerate(self.levels):
            if one.stride < 1 or self.multiple % one.stride:
                wanted = f"a divisor of input.multiple, {self.multiple}"
                raise ValueError(f"outputs[{index}].stride is {one.stride}, expected {wanted}")
            _check_within(f"outputs[{index}].unit", one.unit, 1, COARSEST)
        for key in ("threshold", "overlap"):
            _check_within(key, getattr(self, key), 0.01, 1)
        if self.layout not in (NCHW, NHWC):
            raise ValueError(f"input.layout is {self.layout}, expected {NCHW} or {NHWC}")


def read_detector_contract(model: str | Path) -> DetectorContract:
    """The contract of a detector: `detector.json` beside `detector.pb` (either may be given), or of another format of
    it, which stands in `formats`. Raises as `read_document` does."""
    return read_document(model, KIND, FORM, _parsed)


def close_contract(contract: DetectorContract) -> DetectorContract | None:
    """The contract of the detector for closer looks, None where none is named. Raises as `read_document` does."""
    if contract.close is None:
        return None
    if not contract.close.is_file():
        raise FileNotFoundError(f"{contract.close}: no such model, for closer looks of {contract.model.name}")
    return read_detector_contract(contract.close)


def _parsed(raw: dict, path: Path) -> DetectorContract:
    given = raw["input"]
    wanted = {"channels": 3, "order": "RGB", "range": [0, 255]}
    for key, value in wanted.items():
        if given[key] != value:
            raise ValueError(f"input.{key} is {given[key]}, expected {value}")
    if raw["fields"] != FIELDS:
        raise ValueError(f"fields is {raw['fields']}, expected {FIELDS}")
    for index, one in enumerate(raw["outputs"]):
        schema.check(one, OUTPUT, f"outputs[{index}]")
    return DetectorContract(
        path.with_name(raw["file"]),
        raw["sha256"],
        given["name"],
        given["multiple"],
        given.get("layout", NCHW),
        tuple(Level(one["name"], one["stride"], float(one["unit"])) for one in raw["outputs"]),
        float(raw["threshold"]),
        float(raw["overlap"]),
        trained_on_of(raw.get("trained_on", {})),
        raw,
        path.with_name(raw["close"]) if "close" in raw else None,
        **known(raw, "network", "terms"),
    )


def _check_within(key: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{key} is {value}, expected {least} to {most}")
