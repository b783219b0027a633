import pytest

from records.json_lines import line_of, line_of_repeated

TEXT = """
{"name": "a", "groups": {"eyes":
  [0,
   1], "x.y": {"eyes": 3}},
 "flip" : [1, [4, "}"] ,
   2], "none": [], "also": {},
 "eyes": 7}
"""


@pytest.mark.parametrize(
    "entry, line",
    [
        ("name", 2),
        ("groups.eyes", 3),  # where its value begins
        ("groups.eyes[1]", 4),
        ("groups.x.y.eyes", 4),
        ("flip[1][1]", 5),
        ("flip[2]", 6),
        ("flip[9]", 5),  # of what holds it
        ("eyes", 7),
        ("count", 1),
    ],
)
def test_the_line_of_an_entry(entry, line):
    assert line_of(TEXT, entry) == line


def test_the_line_of_what_comes_twice_in_one_object():
    assert line_of_repeated(TEXT) == 1
    assert line_of_repeated(TEXT.replace("x.y", "eyes")) == 4
    assert line_of_repeated(TEXT.replace('"also"', '"name"')) == 6


def test_what_holds_nothing():
    assert [line_of(text, "a") for text in ("[]", " 3", '"a"', "{}")] == [1, 1, 1, 1]
