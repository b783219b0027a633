from net.run.folder import RunFolder
from net.run.scalars import read_scalars
from tests.helpers.events import write_scalars


def test_of_a_step_that_was_done_twice_the_later_value_counts(tmp_path):
    for name, values in ((".1", {10: 1.0, 20: 2.0}), (".2", {20: 3.0, 30: 4.0})):
        write_scalars(tmp_path, {step: {"loss": value} for step, value in values.items()}, name)
    assert read_scalars(RunFolder(tmp_path)) == {"loss": {10: 1.0, 20: 3.0, 30: 4.0}}


def test_of_a_file_that_a_kill_has_torn_what_is_whole_counts(tmp_path):
    write_scalars(tmp_path, {10: {"loss": 1.0}, 20: {"loss": 2.0}})
    (path,) = RunFolder(tmp_path).events()
    path.write_bytes(path.read_bytes()[:-3])
    assert read_scalars(RunFolder(tmp_path)) == {"loss": {10: 1.0}}
