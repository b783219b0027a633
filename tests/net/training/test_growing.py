import itertools

import numpy as np
import pytest

from net.training.growing import grown, is_silent, other_shortcuts


def test_old_channels_come_first_and_see_none_of_the_new_ones():
    held = np.arange(1, 3 * 3 * 2 * 4 + 1, dtype=np.float32).reshape(3, 3, 2, 4)
    fresh = np.full((3, 3, 5, 7), -1, np.float32)
    larger = grown("senet/stage2/block1/conv1/conv/weights", held, fresh)
    np.testing.assert_array_equal(larger[:, :, :2, :4], held)
    assert not larger[:, :, 2:, :4].any() and (larger[:, :, :, 4:] == -1).all()
    assert (fresh == -1).all()


def test_numbers_of_channels_and_depthwise_kernels():
    np.testing.assert_array_equal(grown("a/bn/scale", np.float32([2, 3]), np.float32([9, 8, 7])), [2, 3, 7])
    held, fresh = np.ones((3, 3, 2, 1), np.float32), np.full((3, 3, 3, 1), 5, np.float32)
    larger = grown("senet/stage1/block1/depthwise/weights", held, fresh)
    np.testing.assert_array_equal(larger[0, 0, :, 0], [1, 1, 5])  # a channel of itself alone


@pytest.mark.parametrize(
    "name, held, wanted",
    [
        ("a/conv/weights", (3, 3, 4, 4), (3, 3, 2, 8)),  # narrower
        ("a/conv/weights", (1, 1, 4, 4), (3, 3, 4, 4)),
        ("senet/stem/conv/weights", (3, 3, 1, 4), (3, 3, 3, 4)),  # grey there, colours here
        ("senet/dense/weights", (32, 10), (64, 10)),  # flat: its rows are cells and channels
        ("a/conv/bias", (4,), (1, 4)),
    ],
)
def test_what_does_not_hold_the_smaller_one(name, held, wanted):
    assert grown(name, np.ones(held, np.float32), np.zeros(wanted, np.float32)) is None


def test_new_blocks_of_known_stages_are_silent_at_first():
    weights = {"senet/stage1/block1/bn2/scale": np.ones(2)}
    assert is_silent("senet/stage1/block2/bn2/scale", weights)
    assert not is_silent("senet/stage1/block1/bn2/scale", weights)
    assert not is_silent("senet/stage1/block2/conv1/bn/scale", weights)
    assert not is_silent("senet/stage2/block2/bn2/scale", weights)


def test_shortcuts_that_only_one_network_convolves():
    def network(*widths):
        """Of blocks one after the other, the first of which is fed as many channels as the first number says."""
        names = [f"detector/stage{8 << index}/block1/bn2/scale" for index in range(len(widths) - 1)]
        wider = [before != after for before, after in itertools.pairwise(widths)]
        names += [f"detector/stage{8 << index}/block1/conv0/weights" for index in np.flatnonzero(wider)]
        return dict.fromkeys(names, np.ones(1))

    held = network(8, 16, 16, 24)
    assert other_shortcuts(held, network(8, 16, 20, 24)) == ["detector/stage16/block1"]
    assert other_shortcuts(held, network(16, 16, 16, 32)) == ["detector/stage8/block1"]
    assert other_shortcuts(held, network(12, 24, 24, 32, 40)) == []
