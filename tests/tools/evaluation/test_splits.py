"""tools/evaluation/splits.py and held_out.py: the split that travels with models, and what these may have seen."""

from dataclasses import replace

import pytest

from infer.model.contract import read_contract
from infer.model.trained_on import SplitRule, TrainedOn
from records.split import RULE, Split, split_of
from tests.helpers.drawn import draw_set
from tests.helpers.tiny_onnx import write_peer
from tools.evaluation.held_out import held_out
from tools.evaluation.splits import (
    ChosenSplit,
    choose_split,
    seen_in_training,
    split_of_contract,
)
from tools.read import formats

SOURCES = [f"photo {number}" for number in range(40)]


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    """A contract that names no split."""
    return read_contract(write_peer(tmp_path_factory.mktemp("peer")))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Drawn faces of 40 photos in two views; not to be changed."""
    return draw_set(tmp_path_factory.mktemp("held out") / "tiny", sources=40, views=2)


def trained(contract, fraction, rule=RULE, faces=()):
    """The contract of a model that was trained with a split, on subsets."""
    split = None if fraction is None else SplitRule(fraction, rule)
    return replace(contract, trained_on=TrainedOn(faces=dict.fromkeys(faces, {}), split=split))


@pytest.mark.parametrize(
    "fractions, given, expected",
    [
        ([0.3], None, (0.3, "contract")),
        ([0.3, 0.3, None], None, (0.3, "contract")),
        ([None, 0.3], 0.3, (0.3, "contract")),
        ([None], 0.25, (0.25, "option")),
        ([None, None], None, (0.1, "default")),
    ],
)
def test_the_fraction_is_that_of_the_models_else_the_one_given_else_the_default(fractions, given, expected):
    splits = {str(index): None if one is None else Split(one) for index, one in enumerate(fractions)}
    chosen = choose_split(splits, "test", given)
    assert (chosen.split.test_fraction, chosen.origin) == expected
    assert all(chosen.holds(source) == (split_of(source, expected[0]) == "test") for source in SOURCES)


@pytest.mark.parametrize(
    "fractions, given, message",
    [
        ([0.1, 0.2], None, r"found 0\.1 \(0\), 0\.2 \(1\), expected the same, or --split all"),
        ([0.2], 0.1, r"found --test-fraction 0\.1, but 0\.2 \(0\), expected the models' own"),
        ([0.2], 0.0, r"found --test-fraction 0,"),
    ],
)
def test_a_contradiction_is_refused_unless_both_sides_count(fractions, given, message):
    splits = {str(index): Split(one) for index, one in enumerate(fractions)}
    with pytest.raises(ValueError, match=message):
        choose_split(splits, "train", given)
    chosen = choose_split(splits, "all", given)
    assert chosen == ChosenSplit("all") and all(map(chosen.holds, SOURCES))


def test_a_split_rule_of_later_is_refused_with_the_models_name(by_hand):
    assert split_of_contract("m.pb", by_hand) is None
    assert split_of_contract("m.pb", trained(by_hand, 0.25)) == Split(0.25)
    in_fold = replace(by_hand, trained_on=TrainedOn(split=SplitRule(0.25, RULE), fold="1/3"))
    assert split_of_contract("m.pb", in_fold) is None  # it was trained on faces of both sides
    with pytest.raises(ValueError, match=f"m.pb: trained with split rule {RULE + 1}, expected {RULE}"):
        split_of_contract("m.pb", trained(by_hand, 0.25, RULE + 1))


def test_what_training_may_have_seen_are_faces_of_its_own_training_side(by_hand):
    contracts = {"a": trained(by_hand, 0.5, faces=["set/x", "other"]), "b": trained(by_hand, 0.0), "c": by_hand}
    held = [source for source in SOURCES if split_of(source, 0.25) == "test"]
    for sources, expected in (
        (SOURCES, sum(split_of(source, 0.5) == "train" for source in SOURCES)),
        (held, 0),  # held out by 0.25 is held out by 0.5
    ):
        seen = seen_in_training(contracts, sources, ["set/x", "set/y"])
        own = {"test_fraction": 0.5, "faces": expected, "share": expected / len(sources), "fold": None}
        assert seen["a"] == own | {"trained_on": ["set/x"]}
        assert seen["b"]["share"] == 1 and seen["c"]["share"] is None and seen["c"]["faces"] is None


def test_only_sources_that_the_model_has_not_seen_and_so_many_of_each_subset(drawn, by_hand, capsys):
    every = formats.find(drawn, drawn.name)
    items = held_out([drawn], trained(by_hand, 0.3))
    assert [item.key for item in items] == [item.key for item in every if split_of(item.source, 0.3) == "test"]
    assert 0 < len(items) < len(every) and capsys.readouterr().err == ""
    assert len(held_out([drawn], by_hand)) < len(items)
    assert "peer.onnx: split test (test fraction 0.1, the default" in capsys.readouterr().err
    few = [[item.key for item in held_out([drawn], by_hand, 3, seed, "all")] for seed in (1, 1, 2)]
    assert few[0] == few[1] != few[2]
    assert sorted(key.split("/")[1] for key in few[0]) == ["AFW"] * 3 + ["HELEN"] * 3
    with pytest.raises(ValueError, match=r"tiny: found 80 faces, none of the split test"):
        held_out([drawn], trained(by_hand, 0.0))
