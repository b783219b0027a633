import functools

from net.model.shape import Shape
from tools.measure import training


def test_a_step_is_measured_with_real_and_with_constant_batches(record_set, monkeypatch, capsys):
    monkeypatch.setattr(training, "Shape", functools.partial(Shape, width=8, decoder=8))
    fed, measure = [], training.steps_per_second

    def watched(session, step, feed, count):
        kinds = {op.type for op in session.graph.get_operations() if op.outputs and op.outputs[0].dtype == "bfloat16"}
        assert "Conv2D" in kinds
        fed.append(feed)
        return measure(session, step, feed, count)

    monkeypatch.setattr(training, "steps_per_second", watched)
    options = ["--records", str(record_set), "--batch", "2", "--rounds", "1", "--steps", "1", "--precision", "bfloat16"]
    assert training.main(options) == 0
    assert [feed is None for feed in fed] == [True, False, True, False]  # in turns; the first of each warms up
    assert {tensor.shape[0]: value.shape[0] for tensor, value in fed[1].items()} == {2: 2}
    assert "of the constant-batch rate" in capsys.readouterr().out
