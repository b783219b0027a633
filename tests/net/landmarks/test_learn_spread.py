"""--learn spread: a head learns on top of a run, whose weights, statistics and answers stay what they are."""

import numpy as np

from net import train
from net.model.shape import LEARNED
from net.run.folder import RunFolder
from tests.conftest import train_options
from tests.helpers.events import scalars, weights_of

HEAD = "senet/integral/doubt/"


def test_the_head_learns_and_nothing_else_moves(trained, record_set, tmp_path):
    run = tmp_path / "sure"
    options = ["--init", str(trained), "--learn", "spread", "--rate", "0.05", "--report-every", "4"]
    assert train.main([*train_options(record_set, run), *options]) == 0
    before, after = weights_of(trained / "best"), weights_of(run)
    own = {name for name in after if name.startswith("senet/") and "/Adam" not in name and "Average" not in name}
    heads = {name for name in own if name.startswith(HEAD)}
    assert {name.removeprefix(HEAD) for name in heads} == {"weights", "bias"}
    for name in own - heads:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)
    assert RunFolder(run).settings().network.spread == LEARNED
    nme, loss = scalars(run, "test/nme_box"), list(scalars(run, "loss_spread").values())
    assert len(set(nme.values())) == 1 and np.mean(loss[-3:]) < np.mean(loss[:3]) - 0.1
