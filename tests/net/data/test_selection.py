from pathlib import Path

import pytest

from net.data.record_set import RecordSet
from net.data.selection import Fold, Selection


@pytest.mark.parametrize("text", ["", "3", "1/", "-1/3", "1.0/3", "1/2/3", "3/3", "0/1", "0/0"])
def test_other_text_than_a_fold_is_refused(text):
    with pytest.raises(ValueError, match=f"fold: found '?{text}'?, expected i/k"):
        Fold.parse(text)


def test_options_say_the_whole_selection():
    for selection in (Selection(Path("/a")), Selection(Path("/a"), Fold(1, 4), {"x/*": 2.0}, "eyes", 0.25, {"*": 0.1})):
        assert Selection.from_options(selection.options()) == selection
    for validation in (-0.1, 1.0):
        with pytest.raises(ValueError, match=f"validation: found {validation}"):
            Selection(Path("a"), validation=validation)
    with pytest.raises(ValueError, match="weigh: found .*expected doubts over 0"):
        Selection(Path("a"), weigh={"a/*": 0.1, "b": 0.0})


def test_the_records_of_a_selection_are_opened(record_set):
    records = RecordSet.of(Selection(record_set, Fold(0, 2), points="eyes", validation=0.4), grey=True)
    assert (records.folder, records.fold, records.grey, records.validation) == (record_set, Fold(0, 2), True, 0.4)
    assert records.scheme.count == 12
