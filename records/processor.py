"""What this machine's processor can do, as far as training depends on it, and what TensorFlow is told because of it.

Nothing here imports TensorFlow: what it is told has to be known before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")  # of Linux; no other system has it
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"  # of TensorFlow's library of faster kernels, read once, when TensorFlow is imported
# TensorFlow has oneDNN on where one of these is there: DefaultOneDnnPolicy in its tensorflow/core/util/port.cc
NEURAL = frozenset({"avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"})
HELPED = "avx2"  # where oneDNN was measured to train 1.44 times as fast as what TensorFlow has on without it
MULTIPLIES_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})  # oneDNN's kernels use these two
TELLING = NEURAL | {"avx", "avx2", "avx512f", "asimd", "bf16", "sve"}  # of dozens of flags those worth a word


@dataclass(frozen=True)
class Processor:
    """flags: what all its cores can do, by Linux's names; none where the system does not say."""

    flags: frozenset[str] = frozenset()

    @property
    def multiplies_bfloat16(self) -> bool:
        """Whether training in bfloat16 is faster than in float32, not slower, or endless."""
        return bool(self.flags & MULTIPLIES_BFLOAT16)

    @property
    def words(self) -> str:
        """The flags that say how fast it trains."""
        return " ".join(sorted(self.flags & TELLING)) or "unknown"


@dataclass(frozen=True)
class OneDnn:
    """Whether TensorFlow is to use oneDNN.

    value: what ONEDNN is to be while TensorFlow is imported, None: what it is; words: whether, and who says so.
    """

    value: str | None
    words: str


def processor_in(cpuinfo: str) -> Processor:
    """The processor that the text of /proc/cpuinfo tells of; x86 has `flags` in it, ARM `Features`, per core."""
    cores = re.findall(r"^(?:flags|Features)\s*:(.*)$", cpuinfo, re.MULTILINE)
    return Processor(frozenset.intersection(*(frozenset(core.split()) for core in cores)) if cores else frozenset())


def this_processor(cpuinfo: Path = CPUINFO) -> Processor:
    """The one of this machine."""
    try:
        return processor_in(cpuinfo.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return Processor()


def onednn_on(processor: Processor, environment: Mapping[str, str]) -> OneDnn:
    """What is decided for a processor: oneDNN on where TensorFlow would leave it off and it is known to help.

    A user's own setting in the environment wins; on other processors and systems it is left to TensorFlow.
    """
    if ONEDNN in environment:
        return OneDnn(None, f"as {ONEDNN}={environment[ONEDNN]} says")
    if processor.flags & NEURAL:
        return OneDnn(None, "on, by TensorFlow itself")
    if HELPED in processor.flags:
        return OneDnn("1", f"on, for it trains faster here; {ONEDNN}=0 before the command: off")
    return OneDnn(None, "as TensorFlow has it")
