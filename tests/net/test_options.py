import argparse
from dataclasses import dataclass

import pytest

from net.options import add_options, from_options, names_of, option, values_of


@dataclass(frozen=True)
class Kind:
    name: str
    first_rate: float = option(0.5, "in parts")
    count: int = option(3, "how many")
    kind: str = option("a", "which", ("a", "b"))

    def __post_init__(self):
        if self.count < 0:
            raise ValueError(f"count: found {self.count}, expected 0 or more")


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(prog="script")
    add_options(parser, Kind)
    return parser


def test_fields_become_options_and_come_back(parser):
    assert from_options(parser.parse_args([]), Kind, name="x") == Kind("x", 0.5, 3, "a")
    args = parser.parse_args(["--first-rate", "2", "--count", "7", "--kind", "b"])
    found = from_options(args, Kind, name="y")
    assert found == Kind("y", 2.0, 7, "b")
    assert isinstance(found.first_rate, float) and isinstance(found.count, int)


def test_fields_that_are_no_options_are_left_out(parser, capsys):
    assert names_of(Kind) == ["first_rate", "count", "kind"]
    assert values_of(Kind("x", count=7)) == {"first_rate": 0.5, "count": 7, "kind": "a"}
    for wrong in (["--name", "x"], ["--count", "1.5"], ["--kind", "c"]):
        with pytest.raises(SystemExit):
            parser.parse_args(wrong)
        assert wrong[0] in capsys.readouterr().err
    with pytest.raises(ValueError, match="count: found -1"):
        from_options(parser.parse_args(["--count", "-1"]), Kind, name="x")


def test_help_tells_meaning_and_default(parser):
    text = " ".join(parser.format_help().split())
    assert "--first-rate FIRST_RATE in parts (default: 0.5)" in text
    assert "--kind {a,b} which (default: a)" in text
