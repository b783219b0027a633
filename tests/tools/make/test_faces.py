from records.landmarks import scheme_of
from tools.make.faces import without_scheme_in_words


def test_a_scheme_with_as_many_points_is_named():
    assert without_scheme_in_words(scheme_of("points29")).endswith("; as many has --scheme cofw29")
    assert without_scheme_in_words(scheme_of("points7")).endswith("of the box's size")
