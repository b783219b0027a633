import pytest

from net.run.folder import LANDMARK_RUNS, RunFolder
from net.training.plan import RunPlan
from net.training.precision import kept_precision, precision_for
from records.processor import Bfloat16
from tests.helpers.detector_runs import make_detector_run
from tests.helpers.runs import make_run

FAST, SLOW, OTHER = Bfloat16(True, "it is there"), Bfloat16(False, "it is not"), Bfloat16(None, "nobody knows")


@pytest.mark.parametrize(
    ("asked", "kept", "bfloat16", "taken", "slow"),
    [
        ("auto", None, FAST, "bfloat16", False),
        ("auto", None, SLOW, "float32", False),
        ("auto", None, OTHER, "float32", False),
        ("auto", "float32", FAST, "float32", False),  # a run goes on as it began
        ("auto", "bfloat16", FAST, "bfloat16", False),
        ("auto", "bfloat16", SLOW, "bfloat16", True),
        ("float32", None, FAST, "float32", False),
        ("bfloat16", None, FAST, "bfloat16", False),
        ("bfloat16", None, SLOW, "bfloat16", True),
        ("bfloat16", None, OTHER, "bfloat16", True),
        ("float32", "bfloat16", SLOW, "float32", False),  # the run's folder refuses it
    ],
)
def test_what_is_taken_and_where_it_is_slow(asked, kept, bfloat16, taken, slow):
    found = precision_for(asked, kept, bfloat16)
    assert (found.taken, bool(found.warning)) == (taken, slow)


def test_why_is_told_apart():
    reasons = [precision_for("auto", None, FAST), precision_for("auto", None, SLOW)]
    reasons += [precision_for("auto", "float32", SLOW), precision_for("float32", None, SLOW)]
    assert len({found.why for found in reasons}) == 4
    warnings = [precision_for("bfloat16", kept, one).warning for kept in (None, "bfloat16") for one in (SLOW, OTHER)]
    assert len(set(warnings)) == 4 and ["nobody knows" in warning for warning in warnings] == [False, True] * 2


def test_the_run_that_is_gone_on_with_says_its_own(tmp_path):
    run = make_run(tmp_path / "run", precision="bfloat16")
    assert kept_precision(RunPlan(run), LANDMARK_RUNS) == "bfloat16"
    assert kept_precision(RunPlan(run, overwrite=True), LANDMARK_RUNS) is None
    assert kept_precision(RunPlan(RunFolder(tmp_path / "absent")), LANDMARK_RUNS) is None
    assert kept_precision(RunPlan(make_run(tmp_path / "old")), LANDMARK_RUNS) is None
    other = make_detector_run(tmp_path / "other")
    with pytest.raises(ValueError, match="other: found a run of kind detector, expected one of landmarks"):
        kept_precision(RunPlan(other), LANDMARK_RUNS)
