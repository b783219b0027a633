from net.run import plots
from net.run.folder import RunFolder
from records.runtime import v1


def test_of_a_step_that_was_done_twice_the_later_value_counts(tmp_path):
    for name, values in ((".1", {10: 1.0, 20: 2.0}), (".2", {20: 3.0, 30: 4.0})):
        with v1.Graph().as_default(), v1.summary.FileWriter(str(tmp_path), filename_suffix=name) as writer:
            for step, value in values.items():
                writer.add_summary(v1.Summary(value=[v1.Summary.Value(tag="loss", simple_value=value)]), step)
    assert plots.read_scalars(RunFolder(tmp_path)) == {"loss": {10: 1.0, 20: 3.0, 30: 4.0}}
