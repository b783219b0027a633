"""The network's parts restated in NumPy, and graphs with known weights to hold against them."""

import numpy as np

from records.runtime import tf

v1 = tf.compat.v1
RNG = np.random.default_rng(4)


def run(build, *values):
    """build(*constants) in a graph of its own, every variable random: the result and the variables by name."""
    with v1.Graph().as_default(), v1.Session() as session:
        result = build(*(tf.constant(value) for value in values))
        drawn = {one.op.name: RNG.uniform(0.5 if "variance" in one.op.name else -1, 1.5, one.shape) for one in every()}
        load(session, drawn)
        return session.run(result), drawn


def every():
    return v1.global_variables()


def load(session, values):
    """Gives the variables of the graph these values, by name, all in one run."""
    starts = {variable.op.name: variable.initializer for variable in every() if variable.op.name in values}
    session.run(list(starts.values()), {start.inputs[1]: values[name] for name, start in starts.items()})


def conv_numpy(x, weights, stride):
    """SAME convolution, pixel by pixel."""
    size, height, width = weights.shape[0], *x.shape[1:3]
    out = [-(-height // stride), -(-width // stride)]
    total = [max((n - 1) * stride + size - m, 0) for n, m in zip(out, (height, width), strict=True)]
    x = np.pad(x, [(0, 0), *[(t // 2, t - t // 2) for t in total], (0, 0)])
    y = np.zeros((x.shape[0], *out, weights.shape[3]))
    for row in range(out[0]):
        for column in range(out[1]):
            window = x[:, row * stride : row * stride + size, column * stride : column * stride + size]
            y[:, row, column] = np.tensordot(window, weights, 3)
    return y


def depthwise_numpy(x, weights, stride):
    """The same of each channel by itself: a full kernel that is zero off its diagonal."""
    full = np.zeros((3, 3, x.shape[3], x.shape[3]))
    full[:, :, range(x.shape[3]), range(x.shape[3])] = weights[..., 0]
    return conv_numpy(x, full, stride)


def norm_numpy(x, names, scope):
    scale, offset, mean, variance = (names[f"{scope}/{part}"] for part in ("scale", "offset", "mean", "variance"))
    return (x - mean) / np.sqrt(variance + 1e-3) * scale + offset


def excite_numpy(x, names, scope):
    gate = x.mean(axis=(1, 2))
    gate = gate @ names[f"{scope}/squeeze/weights"][0, 0] + names[f"{scope}/squeeze/bias"]
    gate = relu(gate) @ names[f"{scope}/excite/weights"][0, 0] + names[f"{scope}/excite/bias"]
    return x * (1 / (1 + np.exp(-gate)))[:, None, None, :]


def shortcut_numpy(x, names, scope):
    """Every second pixel through a matrix, where the block has one; x itself elsewhere."""
    if f"{scope}/conv0/weights" not in names:
        return x
    return norm_numpy(x[:, ::2, ::2] @ names[f"{scope}/conv0/weights"][0, 0], names, f"{scope}/bn0")


def relu(x):
    return np.maximum(x, 0)
