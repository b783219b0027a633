"""export/terms.py: what may be done with weights, by all that they have learnt from."""

from dataclasses import replace
from pathlib import Path

import pytest

from export.terms import OWN, terms_of
from infer.model.contract import read_contract
from net.run.folder import LANDMARK_RUNS, Heritage
from net.training.origins import heritage_of
from tests.helpers.runs import SUMMARY, make_run, settings_with

SHIPPED = Path(__file__).resolve().parents[2] / "infer" / "landmark.json"
ALL = ("300W/AFW", "300W/YTF", "300W_LP/AFW_Flip")
RULES = "Kaggle's facial-keypoints-detection is for use by the rules of that competition."


def settings_of(*subsets, heritage=None, **options):
    records = replace(SUMMARY, subsets=dict.fromkeys(subsets, {"train": 3, "test": 1}))
    return replace(settings_with(**options), records=records, heritage=heritage)


@pytest.mark.parametrize(
    ("subsets", "ending"),
    [
        (ALL, "; 300-W, 300W-LP and YouTube Faces are for research, not commercial, use."),
        (["faces/HELEN_Flip", "labels_ibug_300W_train.xml/helen"], "; 300-W is for research, not commercial, use."),
        (["wider/0--Parade", "mtfl/lfw_5590"], "; WIDER FACE and MTFL are for research, not commercial, use."),
        (["AFLW2000-3D/AFLW2000-3D"], "; AFLW2000-3D is for research, not commercial, use."),
        (["training.csv/full", "training.csv/partial"], f"; {RULES}"),
        (["kaggle/full", "x/LFPW"], f"; 300-W is for research, not commercial, use; {RULES}"),
        (["300W_LP/DRAWN", "demo/DRAWN_Flip"], OWN),
    ],
)
def test_terms_follow_from_the_data_sets(subsets, ending):
    assert terms_of(settings_of(*subsets)).endswith(ending)


def test_the_shipped_model_has_the_terms_that_follow_from_its_data():
    contract = read_contract(SHIPPED)
    assert terms_of(settings_of(*contract.trained_on.faces)) == contract.terms
    assert terms_of(settings_of("drawn/DRAWN", heritage=Heritage((contract.terms,)))) == contract.terms
    assert terms_of(settings_of(*ALL, heritage=Heritage((contract.terms,)))) == contract.terms  # not twice
    more = terms_of(settings_of("AFLW2000/AFLW2000", heritage=Heritage(("Ours", contract.terms))))
    assert more.startswith(f"Ours. {contract.terms} Weights") and more.endswith(
        "; AFLW2000-3D is for research, not commercial, use."
    )


@pytest.mark.parametrize("subset", ["mine/mine", "afwx/a", "1300W/a", "training/full", "drawn/b"])
def test_unknown_terms_are_asked_for(subset):
    with pytest.raises(ValueError, match=f"data sets {subset.partition('/')[0]}, zoo, expected --terms$"):
        terms_of(settings_of("zoo/c", subset, "x/DRAWN"))
    with pytest.raises(ValueError, match=r"expected --terms \(of the rest: .*300-W is for research"):
        terms_of(settings_of("x/AFW", heritage=Heritage((), (subset,))))


def test_a_chain_of_starts_keeps_all_that_was_learnt_from(tmp_path):
    terms = read_contract(SHIPPED).terms
    assert heritage_of(SHIPPED, LANDMARK_RUNS) == Heritage((terms,))
    first = make_run(tmp_path / "first", init=str(SHIPPED))  # of before heritage was kept
    assert heritage_of(first.path, LANDMARK_RUNS) == Heritage((terms,), ("tiny/AFW",))
    second = make_run(tmp_path / "second", init=str(first.path))
    second.write_settings(settings_of("mine/a", heritage=heritage_of(first.path, LANDMARK_RUNS)))
    assert heritage_of(second.path, LANDMARK_RUNS) == Heritage((terms,), ("tiny/AFW", "mine/a"))
    assert terms_of(settings_of("x/DRAWN", heritage=heritage_of(first.path, LANDMARK_RUNS))) == terms
    assert terms_of(settings_of("x/DRAWN", init=str(first.path))) == terms  # of before, by its start
    with pytest.raises(ValueError, match="gone.json: no such.*, expected --terms"):
        terms_of(settings_of("x/DRAWN", init=str(tmp_path / "gone.json")))
