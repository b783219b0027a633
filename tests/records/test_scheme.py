import json

import pytest

from records.scheme import read_scheme, scheme_from

# four points: two eyes, a nose on the middle line, a mouth
PLAIN = {
    "name": "four",
    "count": 4,
    "groups": {"eyes": [0, 1], "rest": [2, 3]},
    "lines": {"eyes": [[0, 1]], "rest": [[2, 3, 2]]},
    "left_eye": [1],
    "right_eye": [0],
    "corners": [0, 1],
    "flip": [1, 0, 2, 3],
    "names": ["a", "b", "c", "d"],
    "made_of": {"five": [0, 1, [2, 3], 4]},
    "makes": {"three": [3, [0, 1], 2]},
}


def test_a_scheme_is_read_as_it_is_written(tmp_path):
    file = tmp_path / "four.json"
    file.write_text(json.dumps({**PLAIN, "source": "nobody"}))
    scheme = read_scheme(file)
    assert scheme.groups == {"eyes": (0, 1), "rest": (2, 3)} and scheme.lines["rest"] == ((2, 3, 2),)
    assert (scheme.left_eye, scheme.right_eye, scheme.corners, scheme.flip) == ((1,), (0,), (0, 1), (1, 0, 2, 3))
    assert scheme.made_of == {"five": ((0,), (1,), (2, 3), (4,))} and scheme.name_of(3) == "d"
    assert scheme.makes == {"three": ((3,), (0, 1), (2,))}
    assert scheme_from(scheme.document()) == scheme


def test_a_name_and_a_number_are_enough():
    scheme = scheme_from({"name": "mine", "count": 3})
    assert scheme.groups == {"points": (0, 1, 2)} and scheme.name_of(2) == "2"
    assert (scheme.flip, scheme.left_eye, scheme.corners, scheme.lines) == ((), (), (), {})
    assert scheme.document() == {"name": "mine", "count": 3, "groups": {"points": [0, 1, 2]}}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"name": 4}, "name: found 4, expected text"),
        ({"name": "a b"}, "name: found 'a b', expected one word"),
        ({"name": "../a"}, "name: found '../a', expected one word"),
        ({"count": "4"}, 'count: found "4", expected 1 to 10000'),
        ({"count": True}, "count: found true"),
        ({"count": 0}, "count: found 0"),
        ({"flips": []}, "flips: found no such entry"),
        ({"groups": [0, 1]}, r"groups: found \[0, 1\], expected an object"),
        ({"groups": {"eyes": [0, 1], "rest": [2]}}, "four groups: found point 3 in none, expected each of 4"),
        ({"groups": {"eyes": [0, 1], "rest": [1, 2, 3]}}, "four groups.rest: found point 1 again, as in eyes"),
        ({"groups": {"eyes": [0, 1], "rest": [2, 3, 4]}}, "four groups.rest: found point 4, expected 0 to 3"),
        ({"groups": {"eyes": [0, 1], "rest": [2, "3"]}}, r'groups.rest\[1\]: found "3", expected the number of a'),
        ({"lines": {"eyes": [0, 1]}}, r"lines.eyes\[0\]: found 0, expected a list"),
        ({"lines": {"eyes": [[0, -1]]}}, "four lines.eyes: found point -1"),
        ({"lines": {"ears": [[0, 1]]}}, "four lines.ears: found no such group, expected one of eyes, rest"),
        ({"left_eye": []}, "four left_eye: found .*, expected both eyes or none"),
        ({"left_eye": [0]}, "four left_eye: found .*, expected both eyes or none"),
        ({"left_eye": [1, 1]}, r"four left_eye: found \[1, 1\], expected each point once"),
        ({"right_eye": [3]}, r"four right_eye: found \[3\], expected the partners of left_eye, \[0\]"),
        ({"corners": [0]}, "four corners: found 1 points, expected two"),
        ({"corners": [0, 0]}, r"four corners: found \[0, 0\]"),
        ({"flip": [1, 0, 2]}, "four flip: found 3 partners, expected one of each of 4"),
        ({"flip": [1, 0, 2, 4]}, "four flip: found point 4"),
        ({"flip": [1, 2, 0, 3]}, r"four flip\[0\]: found 1, whose own partner is 2, expected 0"),
        ({"flip": [1, 0, 2, 2.0]}, r"flip\[3\]: found 2.0, expected the number of a point"),
        ({"names": ["a", "b", "c"]}, "four names: found 3 different ones"),
        ({"names": ["a", "b", "a", "d"]}, "four names: found 3 different ones"),
        ({"names": ["a", "b", "c", "d,e"]}, r"four names\[3\]: found 'd,e'"),
        ({"names": ["a", "b", "c", "eyes"]}, r"four names\[3\]: found 'eyes'"),
        ({"names": ["a", "b", "c", 4]}, r"names\[3\]: found 4, expected text"),
        ({"made_of": {"five": [0, 1, 2]}}, "four made_of.five: found 3 entries"),
        ({"made_of": {"five": [0, 1, 2, []]}}, r"made_of.five\[3\]: found \[\]"),
        ({"made_of": {"five": [0, 1, 2, [3, -1]]}}, r"made_of.five\[3\]: found \[3, -1\]"),
        ({"makes": {"three": [0, []]}}, r"makes.three\[1\]: found \[\]"),
        ({"makes": {"three": [0, [1, 4]]}}, "four makes.three: found point 4, expected 0 to 3"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_entry(tmp_path, change, message):
    file = tmp_path / "four.json"
    file.write_text(json.dumps({**PLAIN, **change}))
    with pytest.raises(ValueError, match=f"^{file} line [0-9]+: {message}"):
        read_scheme(file)


@pytest.mark.parametrize(
    "text, message",
    [
        ('{"name": "four",\n "count": 4,\n "flip": [1, 0,, 3]}', " line 3: found Expecting value, expected JSON"),
        ('{"name": "four", "count": 4,\n "count": 5}', " line 2: count: found twice in one object, expected once"),
        ('{"name": "four",\n "count": 4,\n "flip": [0,\n 2, 3, 1]}', r" line 4: four flip\[1\]: found 2, whose own"),
        ("[]", r": found \[\], expected an object with name, source"),
        ("[" * 3000 + "]" * 3000, ": "),
        ('{"name": "\udcff"}', ": "),
    ],
)
def test_what_is_no_scheme_is_refused(tmp_path, text, message):
    file = tmp_path / "four.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=f"^{file}{message}"):
        read_scheme(file)


def test_a_file_that_is_missing_or_too_large(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.json: found no such file, expected a point scheme"):
        read_scheme(tmp_path / "none.json")
    (tmp_path / "large.json").write_bytes(b" " * (2 << 20))
    with pytest.raises(ValueError, match="large.json: found 2097152 bytes"):
        read_scheme(tmp_path / "large.json")
