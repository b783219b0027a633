import numpy as np
import pytest

from records.runtime import tf, v1
from tests.helpers.networks import RNG
from tools.measure.shares import OTHERS, group_of, shares_of


@pytest.mark.parametrize(
    "label, group",
    [
        ("senet/stem/conv/Conv2D = Conv2D(a, b)", "convolutions"),
        ("senet/se/squeeze/Relu = _MklNativeFusedConv2D(a, b)", "convolutions"),
        ("gradients/Conv2D_grad/Conv2DBackpropFilter = _MklNativeConv2DBackpropFilter(a)", "gradients of convolutions"),
        ("gradients/x = Conv2DBackpropInput(a)", "gradients of convolutions"),
        ("senet/stem/bn/FusedBatchNormV3 = _MklNativeFusedBatchNormV3(a)", "batch norm"),
        ("senet/stem/Relu = _MklNativeFusedBatchNormEx(a)", "batch norm"),
        ("gradients/bn = _MklNativeFusedBatchNormGradV3(a)", "gradients of batch norm"),
        ("gradients/pool = MaxPoolGrad(a, b)", "pooling and its gradients"),
        ("senet/MatMul = MatMul(a, b)", "matrix products"),
        ("Muon/update/MatMul = MatMul(a, b)", "optimiser"),
        ("ExponentialMovingAverage/AssignMovingAvg = AssignSubVariableOp(a, b)", "moving averages"),
        ("gradients/AddN = AddN(a, b)", OTHERS),
        ("a label of another form", OTHERS),
    ],
)
def test_an_op_counts_by_its_place_and_kind(label, group):
    assert group_of(label) == group


def test_the_ops_of_a_run_share_its_time():
    with v1.Graph().as_default(), v1.Session() as session:
        image = v1.placeholder(tf.float32, [2, 40, 30, 8])
        op = tf.nn.conv2d(image, tf.constant(RNG.normal(size=(3, 3, 8, 64)).astype(np.float32)), 1, "SAME").op
        shares = shares_of(session, op, {image: np.ones((2, 40, 30, 8), np.float32)}, 2)
    assert sum(shares.values()) == pytest.approx(1) and shares["convolutions"] > 0.5
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
