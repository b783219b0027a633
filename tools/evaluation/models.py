"""The models of an evaluation: opened, named by their paths, and the points that all of them have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np

from infer.faces.face import Face
from infer.landmarker import Landmarker
from infer.model.contract import Contract
from records.landmarks import IBUG_68, Scheme, common, scheme_in_contract, steps
from tools.evaluation.mean_face import MEAN_SHAPE, MeanShape
from tools.make.datasets import named
from tools.read.face import Item


class EvaluatedNetwork(Protocol):
    """A `Landmarker`, or what is called like one."""

    @property
    def contract(self) -> Contract: ...

    def fit(self, image: np.ndarray, boxes: np.ndarray, passes: int) -> np.ndarray: ...

    def detect(self, image: np.ndarray, passes: int) -> list[Face]: ...


Measurable: TypeAlias = EvaluatedNetwork | MeanShape


def open_models(paths: Sequence[Path]) -> dict[str, Measurable]:
    """The models by path as given, and the mean shape last.

    Raises ValueError for a path given twice, and as `Landmarker` does; where points have no known scheme or another
    number than it.
    """
    networks = {str(path): Landmarker(path) for path in paths}
    if len(networks) != len(paths):
        raise ValueError("models: found one of them twice, expected each once")
    for name, model in networks.items():
        scheme, count = scheme_of_model(name, model), model.contract.points.count
        if count != scheme.count:
            raise ValueError(f"{name}: found {count} points, expected {scheme.count} of {scheme.name}")
    return {**networks, MEAN_SHAPE: MeanShape()}


def comparable(models: Mapping[str, Measurable], items: Sequence[Item]) -> dict[str, Measurable]:
    """The models, the mean shape only where its 68 points lead to those that the others are measured by.

    Raises as `common_scheme`.
    """
    networks = networks_of(models)
    shared = common_scheme(items, networks)
    return {name: model for name, model in models.items() if name in networks or steps(IBUG_68, shared) is not None}


def networks_of(models: Mapping[str, Measurable]) -> dict[str, EvaluatedNetwork]:
    """The models without the mean shape."""
    return {name: model for name, model in models.items() if not isinstance(model, MeanShape)}


def scheme_of_model(name: str, model: Measurable) -> Scheme:
    """The scheme of a model's points. Raises ValueError, naming the model, for one that its contract does not say."""
    if isinstance(model, MeanShape):
        return model.scheme
    try:
        return scheme_in_contract(vars(model.contract.points))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def named_by(items: Sequence[Item], models: Mapping[str, Measurable]) -> list[Item]:
    """The items, those whose points have no scheme with that of the first model of as many points, if there is one."""
    for name, model in models.items():
        items = named(items, scheme_of_model(name, model))
    return list(items)


def common_scheme(items: Sequence[Item], models: Mapping[str, Measurable]) -> Scheme:
    """The scheme of most points that all data sets and models have or map to, where points without a scheme are as
    `named_by` has them. Raises ValueError, naming what there is."""
    places = {item.scheme.name: (item.scheme, item.dataset) for item in named_by(items, models)}
    owned = ((scheme_of_model(name, model), name) for name, model in models.items())
    places |= {scheme.name: (scheme, name) for scheme, name in owned}
    shared = common(scheme for scheme, _ in places.values())
    if shared is not None:
        return shared
    there = ", ".join(f"{name} ({place})" for name, (_, place) in sorted(places.items()))
    raise ValueError(f"point schemes: found {there}, expected one that all map to")
