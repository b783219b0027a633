"""What is known of the weights that a run starts from, by a model's contract or another run's settings alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infer.model.contract import Contract, read_contract
from infer.model.detector_contract import DetectorContract, read_detector_contract
from net.run.folder import Heritage, RunFolder
from net.run.kind import Kind, Network, Summary


@dataclass(frozen=True)
class StartModel:
    """A model of this project, as far as its contract says what goes on from it.

    file: its frozen graph; network: settings of its network, None for a model of others; heritage: terms and data.
    """

    file: Path
    network: Mapping[str, Any] | None
    heritage: Heritage


def _landmark_model(start: Path) -> StartModel:
    contract = read_contract(start)
    return StartModel(contract.model, contract.network, _heritage_in(contract))


def _detector_model(start: Path) -> StartModel:
    contract = read_detector_contract(start)
    return StartModel(contract.model, contract.network, _heritage_in(contract))


def _heritage_in(contract: Contract | DetectorContract) -> Heritage:
    return Heritage((contract.terms,)) if contract.terms else Heritage((), tuple(contract.trained_on.faces))


READERS = {"landmarks": _landmark_model, "detector": _detector_model}  # of contracts, by the name of the kind of run


def network_of(start: Path, kind: Kind[Network, Summary]) -> Network:
    """The network of a model's contract, or of a run folder; kind: of run that makes such models.

    Raises FileNotFoundError where neither is there, ValueError where it does not say what its network is, or names one
    that can no longer be built, and what the contract's reader raises.
    """
    if start.is_dir():
        return RunFolder(start).settings_as(kind).network
    if not start.is_file():
        raise FileNotFoundError(f"{start}: found no such thing, expected a model's {kind.contract} or a run folder")
    network = READERS[kind.name](start).network
    if network is None:
        raise ValueError(f"{start}: found a model of others, expected one of this project, with its network's settings")
    try:
        return kind.network.from_settings(network)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{start}: found no network of this project ({error!r}), expected its settings") from None


def heritage_of(start: Path, kind: Kind) -> Heritage:
    """What a model's contract or a run folder has learnt from, by all runs before it. Raises as `network_of`."""
    if not start.is_dir():
        return READERS[kind.name](start).heritage
    settings = RunFolder(start).settings_as(kind)
    before = settings.heritage
    if before is None:  # a run of before that was kept
        init = settings.options.get("init")
        before = heritage_of(Path(init), kind) if init else Heritage()
    return Heritage(before.terms, tuple(dict.fromkeys([*before.subsets, *settings.records.subsets])))
