"""infer/files/names.py: no two alike."""

from infer.files.names import drawn_names, file_stems


def test_drawn_names_never_collide():
    assert drawn_names(["a.jpg", "a.png", "b.tif", "b.tif.png"]) == ["a.jpg", "a.png", "b.tif.png", "b.tif-2.png"]
    assert drawn_names(["one/a.jpg", "two/a.jpg", "A.JPG", "a-2.jpg"]) == ["a.jpg", "a-2.jpg", "A-3.JPG", "a-2-2.jpg"]
    assert drawn_names(["contact_sheet.jpg", "../x/../../evil.jpg"]) == ["contact_sheet-2.jpg", "evil.jpg"]
    many = drawn_names(["a.jpg"] * 20_000)  # in no time
    assert len(set(many)) == 20_000 and many[-1] == "a-20000.jpg"


def test_names_of_faces_never_collide():
    outputs = ["a.jpg", "a.png", "a_2.jpg", "b_2.jpg", "a-2.jpg", "c_d.jpg"]
    assert file_stems(outputs) == ["a", "a-2", "a_2-1", "b_2", "a-2-2", "c_d"]
