import pytest

from tools.weights.verdict import MEASURE, verdict_on


def row(mean, error, part="all", turn=0.0, look="640"):
    return {"look": look, "faces of": part, "turn": turn, MEASURE: {"mean": mean, "error": error}}


@pytest.mark.parametrize(
    "rows, better",
    [
        ([row(0.9, 0.4)], True),
        ([row(0.7, 0.4)], False),  # within two standard errors
        ([row(-2, 0.4)], False),
        ([row(0, 0)], False),  # the very same
        ([row(2, 0.4), row(-0.9, 0.2, "crowds")], False),
        ([row(2, 0.4), row(-0.9, 0.35, "crowds")], True),  # within three
        ([row(2, 0.4), row(-0.4, 0.01, "crowds")], True),  # nobody would notice
        ([row(-3, 0.1, turn=90.0), row(2, 0.4)], False),
        ([row(3, 0.1, turn=90.0), row(0.1, 0.4)], False),  # turned ones alone do not make it better
        ([row(3, 0.1, "crowds"), row(0.1, 0.4)], False),
        ([row(0, 0, look="320"), row(0.9, 0.4)], True),  # the first network is the same
        ([row(0.9, 0.4, look="320"), row(-0.4, 0.2)], True),  # the other one no worse than chance
        ([row(0.9, 0.4, look="320"), row(-0.9, 0.2)], False),
        ([row(0.9, 0.4), row(-2, 0.2, "crowds", look="320")], False),
    ],
)
def test_better_in_all_and_worse_in_no_part(rows, better):
    assert verdict_on(rows).better == better


def test_reasons_are_the_wholes_and_what_became_worse():
    rows = [
        row(1.234, 0.4),
        row(2, 0.1, "masks"),
        row(-4, 0.5, "crowds"),
        row(-5, 1, turn=45.0),
        row(-2, 0.2, look="320"),
    ]
    whole, coarse, crowds, turned = verdict_on(rows).reasons
    assert "640" in whole and "all faces: +1.23" in whole and "320" in coarse and "-2.00" in coarse
    assert "crowds" in crowds and "-4.00" in crowds and "45°" in turned


def test_without_all_faces_there_is_no_verdict():
    with pytest.raises(ValueError, match="found 1 rows"):
        verdict_on([row(1, 0.1, "crowds")])
