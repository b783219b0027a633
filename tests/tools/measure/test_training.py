import functools

from net.model.shape import Shape
from tests.helpers.precisions import COARSEST
from tools.measure import training


def test_a_step_is_measured_with_real_and_with_constant_batches(record_set, monkeypatch, capsys):
    monkeypatch.setattr(training, "Shape", functools.partial(Shape, width=8, decoder=8))
    turns, measure = [], training.calls_per_second

    def watched(call, count):
        turns.append(call)
        return measure(call, count)

    monkeypatch.setattr(training, "calls_per_second", watched)
    options = ["--records", str(record_set), "--batch", "2", "--rounds", "1", "--steps", "1", "--precision", COARSEST]
    assert training.main(options) == 0
    assert len(turns) == 6 and turns[:3] == turns[3:]  # in turns; the first of each warms up
    rows = dict(line.strip("| ").split(" | ", 1) for line in capsys.readouterr().out.splitlines() if " | " in line)
    assert rows["its matrix products alone"].endswith(" | 1.00")
    assert float(rows["optimiser"]) > 0 and float(rows["gradients of convolutions"]) > 0


def test_rates_are_told_beside_that_of_the_products():
    lines = training.table({training.REAL: 4.0, training.CONSTANT: 5.0, training.ALL_PRODUCTS: 8.0}, 16, 3 * 10**9)
    assert "| real batches | 64 | 0.50 |" in lines and "| one constant batch | 80 | 0.62 |" in lines
    # 3e9 multiply-adds of 16 faces, eight times a second
    assert "188 million multiply-adds a face, 48 GFLOP/s" in lines and "0.80 of the constant-batch rate" in lines


def test_shares_are_percentages():
    assert training.table_of_shares({"optimiser": 0.625, "all else": 0.375}).splitlines()[2:] == [
        "| optimiser | 62.5 |",
        "| all else | 37.5 |",
    ]
