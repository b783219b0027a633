"""Damage to models and their contracts: of whole graphs and JSON texts, beside that of bytes in `records.py`."""

from __future__ import annotations

ODD_TEXTS = ("", "x", "image", "../landmark.pb", "a\0b", "\ud800", "9" * 400, "landmark.json", "/")
ODD_NUMBERS = (0, -1, 1, 3, 0.5, 1e308, float("nan"), float("inf"), 1 << 31, 1 << 64, 10**400)
ODD = (None, True, [], {}, [[]], [None], {"a": {}}, [[[0]]], *ODD_TEXTS, *ODD_NUMBERS)


# Damage to graphs that are still protocol buffers: (generator, GraphDef), in place. TensorFlow is imported by the
# process that damages alone; those that run the models have Python, NumPy and OpenCV.


def inputs_lost(rng, graph):
    node = picked(rng, [node for node in graph.node if node.input])
    del node.input[rng.integers(len(node.input))]


def inputs_exchanged(rng, graph):
    node = picked(rng, [node for node in graph.node if node.input])
    node.input[rng.integers(len(node.input))] = str(rng.choice([picked(rng, graph.node).name, "nobody", "", "^", ":0"]))


def ops_exchanged(rng, graph):
    other = picked(rng, graph.node).op
    picked(rng, graph.node).op = str(rng.choice([other, "", "Softplus", "Split", "FusedBatchNorm"]))


def nodes_lost(rng, graph):
    del graph.node[rng.integers(len(graph.node))]


def nodes_twice(rng, graph):
    graph.node.add().CopyFrom(picked(rng, graph.node))


def attributes_lost(rng, graph):
    node = picked(rng, [node for node in graph.node if node.attr])
    del node.attr[picked(rng, sorted(node.attr))]


def attributes_changed(rng, graph):
    node = picked(rng, [node for node in graph.node if node.attr])
    value = node.attr[picked(rng, sorted(node.attr))]
    if value.list.i:
        value.list.i[rng.integers(len(value.list.i))] = int(rng.choice([0, -1, 7, 1 << 31, 1 << 62]))
    elif rng.random() < 0.5:
        value.i = int(rng.choice([0, -1, 1 << 31, 1 << 62]))
    else:
        value.s = rng.bytes(4)


def constants_reshaped(rng, graph):
    tensor = picked(rng, [node for node in graph.node if node.op == "Const"]).attr["value"].tensor
    size = int(rng.choice([0, -1, 3, 1000, 1 << 20, 1 << 31, 1 << 62]))
    if tensor.tensor_shape.dim and rng.random() < 0.8:
        tensor.tensor_shape.dim[rng.integers(len(tensor.tensor_shape.dim))].size = size
    else:
        tensor.tensor_shape.dim.add().size = size


def constants_changed(rng, graph):
    tensor = picked(rng, [node for node in graph.node if node.op == "Const"]).attr["value"].tensor
    content = tensor.tensor_content
    if rng.random() < 0.5 or len(content) < 4:
        tensor.tensor_content = content[: rng.integers(len(content) + 1)]
    else:
        tensor.tensor_content = rng.bytes(4) + content[4:]
    if rng.random() < 0.3:
        tensor.dtype = int(rng.integers(1, 24))


GRAPHS = (inputs_lost, inputs_exchanged, ops_exchanged, nodes_lost, nodes_twice)
GRAPHS += (attributes_lost, attributes_changed, constants_reshaped, constants_changed)


# Damage to contracts that are still JSON: (generator, dict), in place.


def keys_lost(rng, contract):
    place = picked(rng, [place for place in places(contract) if isinstance(place, dict) and place])
    del place[picked(rng, list(place))]


def keys_renamed(rng, contract):
    place = picked(rng, [place for place in places(contract) if isinstance(place, dict) and place])
    key = picked(rng, list(place))
    place[str(rng.choice([key.upper(), key[:-1], ""]))] = place.pop(key)


def values_odd(rng, contract):
    place = picked(rng, [place for place in places(contract) if place])
    key = picked(rng, list(place) if isinstance(place, dict) else range(len(place)))
    place[key] = picked(rng, ODD)


def lists_longer(rng, contract):
    place = picked(rng, [place for place in places(contract) if isinstance(place, list)])
    place += [picked(rng, ODD)] if rng.random() < 0.5 else place * int(rng.integers(1, 300))


def by_hand(rng, contract):
    contract["by_hand"] = True
    values_odd(rng, contract)


JSON = (keys_lost, keys_renamed, values_odd, values_odd, lists_longer, by_hand)


def picked(rng, values):
    return values[int(rng.integers(len(values)))]


def places(value) -> list:
    """All dicts and lists inside a JSON value, itself included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(place for one in inner for place in places(one))] if isinstance(value, dict | list) else []
