"""`tf.train.Example`, the form of all records, written and read without TensorFlow, whose import takes seconds.

Protobuf does the work; the messages are those of TensorFlow's `example.proto` and `feature.proto`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

Field, Message = descriptor_pb2.FieldDescriptorProto, descriptor_pb2.DescriptorProto
PACKAGE = "tensorflow"
LISTS = {"BytesList": Field.TYPE_BYTES, "FloatList": Field.TYPE_FLOAT, "Int64List": Field.TYPE_INT64}
KINDS = ("bytes_list", "float_list", "int64_list")  # of a feature, in the order of LISTS
Feature = tuple[str, list]  # one of KINDS, and its values


def serialised_example(**features: Feature) -> bytes:
    """The bytes of an example with these features; the same ones give the same bytes."""
    example = EXAMPLE()
    for name, (kind, values) in features.items():
        found = getattr(example.features.feature[name], kind)
        found.SetInParent()  # one without values is there all the same
        found.value.extend(values)
    return example.SerializeToString(deterministic=True)


def bytes_of(*values: bytes) -> Feature:
    """A feature of byte strings, any number of them."""
    return KINDS[0], list(values)


def floats_of(values: npt.ArrayLike) -> Feature:
    """A feature of float32 numbers, of any shape, which is not kept."""
    return KINDS[1], np.asarray(values, np.float32).ravel().tolist()


def numbers_of(*values: int) -> Feature:
    """A feature of whole numbers."""
    return KINDS[2], list(values)


class ParsedExample:
    """An example as its bytes have it. A feature that is not there has no values.

    Raises ValueError for bytes that are no example.
    """

    def __init__(self, serialised: bytes):
        try:
            self._features = EXAMPLE.FromString(serialised).features.feature
        except DecodeError:
            raise ValueError(f"record: found {len(serialised)} bytes that are no example, expected one") from None

    def bytes(self, name: str) -> list[bytes]:
        """The values of a feature of byte strings."""
        return list(self._values(name, KINDS[0]))

    def floats(self, name: str) -> np.ndarray:
        """The values of a feature of numbers, float32 [N]."""
        return np.array(self._values(name, KINDS[1]), np.float32)

    def numbers(self, name: str) -> list[int]:
        """The values of a feature of whole numbers."""
        return list(self._values(name, KINDS[2]))

    def text(self, name: str) -> str:
        """The first value of a feature of byte strings, as UTF-8 has it; empty where there is none."""
        return (self.bytes(name) or [b""])[0].decode()

    def _values(self, name: str, kind: str) -> Any:
        # asking for one that is not there would add it
        return getattr(self._features[name], kind).value if name in self._features else ()


def _field(name: str, number: int, kind: int, of: str = "", repeated: bool = False, **others: int) -> Any:
    """A field of a message; of: the message that it holds."""
    label = Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
    type_name = f".{PACKAGE}.{of}" if of else None
    return Field(name=name, number=number, type=kind, type_name=type_name, label=label, **others)


def _file() -> Any:
    """The messages: an example has features by name, each of them one of three lists."""
    kinds = [
        _field(kind, number, Field.TYPE_MESSAGE, of, oneof_index=0)
        for number, (kind, of) in enumerate(zip(KINDS, LISTS, strict=True), 1)
    ]
    entry = [_field("key", 1, Field.TYPE_STRING), _field("value", 2, Field.TYPE_MESSAGE, "Feature")]
    named = Message(name="FeatureEntry", field=entry, options=descriptor_pb2.MessageOptions(map_entry=True))
    by_name = _field("feature", 1, Field.TYPE_MESSAGE, "Features.FeatureEntry", repeated=True)
    lists = [Message(name=name, field=[_field("value", 1, kind, repeated=True)]) for name, kind in LISTS.items()]
    feature = Message(name="Feature", field=kinds, oneof_decl=[descriptor_pb2.OneofDescriptorProto(name="kind")])
    features = Message(name="Features", field=[by_name], nested_type=[named])
    example = Message(name="Example", field=[_field("features", 1, Field.TYPE_MESSAGE, "Features")])
    messages = [*lists, feature, features, example]
    return descriptor_pb2.FileDescriptorProto(
        name="records/example.proto", package=PACKAGE, syntax="proto3", message_type=messages
    )


def _example_class() -> Any:
    """The class of examples, from a pool of our own: TensorFlow's messages of these names lie in protobuf's."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Example"))


EXAMPLE = _example_class()
