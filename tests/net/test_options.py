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


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(prog="script")
    add_options(parser, Kind)
    return parser


def test_fields_become_options_and_come_back(parser, capsys):
    assert from_options(parser.parse_args([]), Kind, name="x") == Kind("x", 0.5, 3, "a")
    found = from_options(parser.parse_args(["--first-rate", "2", "--count", "7", "--kind", "b"]), Kind, name="y")
    assert found == Kind("y", 2.0, 7, "b") and isinstance(found.first_rate, float) and isinstance(found.count, int)
    assert names_of(Kind) == ["first_rate", "count", "kind"]  # those that are no options are left out
    assert values_of(found) == {"first_rate": 2.0, "count": 7, "kind": "b"}
    for wrong in (["--name", "x"], ["--count", "1.5"], ["--kind", "c"]):
        with pytest.raises(SystemExit):
            parser.parse_args(wrong)
        assert wrong[0] in capsys.readouterr().err
    text = " ".join(parser.format_help().split())
    assert "--first-rate FIRST_RATE in parts (default: 0.5)" in text and "--kind {a,b} which (default: a)" in text
