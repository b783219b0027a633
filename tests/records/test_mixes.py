import argparse

import pytest

from records.mixes import check_mix, mix_of, weight_of


def test_weights_are_read_in_their_order():
    assert mix_of("300W/*=2,a=b/AFW=0.5,x=0") == {"300W/*": 2.0, "a=b/AFW": 0.5, "x": 0.0}
    for text in ("", "AFW", "=1", "AFW=", "AFW=x", "AFW=-1", "AFW=inf", "AFW=nan", "AFW=1,"):
        with pytest.raises(argparse.ArgumentTypeError, match="expected NAME=WEIGHT"):
            mix_of(text)


def test_the_last_pattern_that_fits_counts():
    mix = mix_of("300W/*=3,300W/YTF=0.5,x=0")
    assert [weight_of(name, mix) for name in ("300W/AFW", "300W/YTF", "x", "300w/AFW")] == [3, 0.5, 0, 1]
    assert weight_of("b", mix, 0.25) == 0.25
    assert weight_of("300W/YTF", mix_of("300W/*=3,300W/YTF=0.5,300W/*=1")) == 1  # the last place of one given twice


def test_a_pattern_that_fits_nothing_is_named_with_what_there_is():
    check_mix(mix_of("300W/*=1,300W/YTF=2"), ["300W/YTF"], "set")
    with pytest.raises(ValueError, match=r"trust: found 'IBUG', expected a subset of set: a, b$"):
        check_mix({"a": 1, "IBUG": 2}, iter(["a", "b"]), "set", "trust")
