from pathlib import Path

import cv2
import numpy as np
import pytest

from infer.geometry.boxes import box_of
from tests.helpers.drawn import HEIGHT, WIDTH, draw_face, random_face
from tools.read.dlib import find, matches, read
from tools.read.face import BadSample

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
RNG = np.random.default_rng(21)
POINTS, OTHER = random_face(RNG), random_face(RNG)
START = "<?xml version='1.0' encoding='ISO-8859-1'?>\n<dataset><name>faces</name><images>"
END = "</images></dataset>"


def parts(points=POINTS, order=range(68)) -> str:
    return "".join(f"<part name='{i:02d}' x='{points[i][0]:.3f}' y='{points[i][1]:.3f}'/>" for i in order)


def box(inside, more="") -> str:
    return f"<box top='31' left='42' width='61' height='53'{more}>{inside}</box>"


def write(folder, *boxes, file="a.jpg", start=START):
    path = folder / "faces.xml"
    path.write_text(f"{start}<image file='{file}' width='9' height='9'>{''.join(boxes)}</image>{END}")
    (folder / file.replace("\\", "/")).parent.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / file.replace("\\", "/")), draw_face(POINTS, np.random.default_rng(0)))
    return path


def test_several_faces_of_a_picture(tmp_path):
    path = write(tmp_path, box(parts()), box(parts(OTHER)), box(parts(), " ignore='1'"), box(""), file="sub/a.jpg")
    first, second = find(path, "set")
    assert [first.key, second.key] == ["set/sub/a#1", "set/sub/a#2"]
    assert first.source == second.source == "sub/a.jpg"
    for item, points in ((first, POINTS), (second, OTHER)):
        face = read(item, "pts_2d")
        np.testing.assert_allclose(face.points, points, atol=1e-3)
        np.testing.assert_allclose(face.box, box_of(points), atol=1e-3)
        assert face.points.dtype == np.float32 and face.image.shape == (HEIGHT, WIDTH, 3)


def test_parts_in_any_order(tmp_path):
    (item,) = find(write(tmp_path, box(parts(order=np.random.default_rng(1).permutation(68)))), "set")
    np.testing.assert_allclose(read(item).points, POINTS, atol=1e-3)


def test_missing_parts_are_unknown_and_the_annotated_box_counts(tmp_path):
    (item,) = find(write(tmp_path, box(parts(order=range(20, 68)))), "set")
    face = read(item)
    assert np.isnan(face.points).any(axis=1).tolist() == [True] * 20 + [False] * 48
    assert face.box.tolist() == [42, 31, 42 + 61 - 1, 31 + 53 - 1]


def test_a_box_without_numbers_is_none(tmp_path):
    broken = box(parts(order=range(17, 68))).replace("width='61'", "")
    face = read(find(write(tmp_path, broken), "set")[0])
    assert np.isfinite(face.box).all()
    np.testing.assert_allclose(face.box, box_of(POINTS), atol=0.25 * np.ptp(POINTS[:, 0]))


def test_backslashes_of_windows(tmp_path):
    (item,) = find(write(tmp_path, box(parts()), file="sub\\a.jpg"), "set")
    assert item.picture == tmp_path / "sub" / "a.jpg"
    assert read(item).image.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    "part, found",
    [
        ("<part name='68' x='1' y='2'/>", "part '68' at 1, 2"),
        ("<part name='nose' x='1' y='2'/>", "part 'nose' at 1, 2"),
        ("<part name='05' x='one' y='2'/>", "part '05' at one, 2"),
        ("<part name='05' x='1'/>", "part '05' at 1, None"),
        ("<part name='05' x='1' y='2'/>" * 2, "part '05' at 1, 2 twice"),
    ],
)
def test_a_wrong_part_spoils_its_face_alone(tmp_path, part, found):
    bad, good = find(write(tmp_path, box(part), box(parts())), "set")
    with pytest.raises(BadSample) as caught:
        read(bad)
    assert caught.value.reason == "unreadable annotation"
    assert str(caught.value) == (
        f"faces.xml a.jpg: found {found}, expected each of '00' to '67' at most once, with numbers x and y"
    )
    assert np.isfinite(read(good).points).all()


def test_malformed_xml(tmp_path):
    path = write(tmp_path, box(parts()))
    path.write_text(path.read_text()[:-30])
    with pytest.raises(
        ValueError, match=r"faces.xml: found malformed XML \(.*line 2.*\), expected that of dlib's imglab"
    ):
        find(path, "set")
    path.write_text("<?xml version='1.0' encoding='no-such'?><dataset/>")
    with pytest.raises(ValueError, match="faces.xml: found malformed XML"):
        find(path, "set")


BOMB = "<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {new} '{('&' + old + ';') * 10}'>" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_they_expand(tmp_path, encoding):
    path = tmp_path / "faces.xml"
    text = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE dataset [{BOMB}]><dataset>&j;</dataset>"
    path.write_bytes(text.encode(encoding))
    assert matches(path)
    with pytest.raises(ValueError, match="faces.xml: found a DOCTYPE, expected none"):
        find(path, "set")


def test_files_that_are_no_set(tmp_path):
    path = write(tmp_path, box(""))
    with pytest.raises(ValueError, match="faces.xml: found no face, expected <box> elements with <part>"):
        find(path, "set")
    path.write_text(f"{START}<image><box/></image>{END}")
    with pytest.raises(ValueError, match="found an <image> without a file, expected <image file='...'>"):
        find(path, "set")
    with pytest.raises(FileNotFoundError, match="no.xml: found no such file, expected an XML file of dlib's imglab"):
        find(tmp_path / "no.xml", "set")
    assert matches(path) and matches(tmp_path) and not matches(tmp_path / "a.jpg")
    path.write_text("<annotation><object/></annotation>")
    assert not matches(path) and not matches(tmp_path)


def test_real_photographs():
    folder = SHARED / "photos"
    if not folder.is_dir():
        pytest.skip(f"no photographs at {folder}")
    items = find(folder, "photos")
    assert (len(items), len({item.source for item in items})) == (43, 9)
    (item,) = [item for item in items if item.name == "2007_007763#1"]
    face = read(item)
    assert face.points[[0, 8, 16]].tolist() == [[201, 107], [213, 129], [231, 105]]
    assert face.image.shape == (375, 500, 3)
