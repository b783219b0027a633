"""What this machine's processor can do, as far as training depends on it, and what TensorFlow is told because of it.

Nothing here imports TensorFlow: what it is told has to be known before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")  # of Linux; no other system has it
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"  # of TensorFlow's library of faster kernels, read once, when TensorFlow is imported
# TensorFlow has oneDNN on where one of these is there: DefaultOneDnnPolicy in its tensorflow/core/util/port.cc
OFF = ("0", "false")  # of its values
# a user's own bound of what oneDNN uses, by its present name and its former one
BOUNDS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
# its values, from the least on, with the flag that each adds; those above leave all that matters here
# https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
LEVELS = {
    "SSE41": "sse4_1",
    "AVX": "avx",
    "AVX2": "avx2",
    "AVX2_VNNI": "avx_vnni",
    "AVX2_VNNI_2": "avx_vnni",
    "AVX512_CORE": "avx512f",
    "AVX512_CORE_VNNI": "avx512_vnni",
    "AVX512_CORE_BF16": "avx512_bf16",
}
NEURAL = frozenset({"avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"})
HELPED = "avx2"  # where oneDNN was measured to train 1.44 times as fast as what TensorFlow has on without it
MULTIPLIES_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})  # oneDNN's kernels use these two, and nothing else does
UNMEASURED = "bf16"  # of ARM
X86 = NEURAL | {"avx", "avx2", "avx512f"}
TELLING = X86 | {"asimd", UNMEASURED, "sve"}  # of dozens of flags those worth a word


@dataclass(frozen=True)
class Processor:
    """flags: what all its cores can do, by Linux's names; none where the system does not say.

    bound: the setting that keeps oneDNN from more of it, `NAME=VALUE`, or nothing; flags are without that.
    """

    flags: frozenset[str] = frozenset()
    bound: str = ""

    @property
    def words(self) -> str:
        """The flags that say how fast it trains."""
        flags = " ".join(sorted(self.flags & TELLING)) or "unknown"
        return f"{flags}, at most, by {self.bound}" if self.bound else flags

    def bounded(self, environment: Mapping[str, str]) -> Processor:
        """What oneDNN may use of it, where a user says so in the environment: the rest is as if it were not there."""
        name = next((name for name in BOUNDS if environment.get(name)), "")
        levels, level = list(LEVELS), environment.get(name, "").upper()
        if level not in LEVELS:
            return self
        left = {LEVELS[one] for one in levels[: levels.index(level) + 1]}
        return Processor(self.flags - (X86 - left), f"{name}={environment[name]}")


@dataclass(frozen=True)
class Bfloat16:
    """fast: whether training in it is faster than in float32, not slower or endless, None: unknown; words: why."""

    fast: bool | None
    words: str


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


def this_processor(cpuinfo: Path = CPUINFO, environment: Mapping[str, str] = os.environ) -> Processor:
    """The one of this machine, as far as this process's environment lets it be used."""
    try:
        return processor_in(cpuinfo.read_text(encoding="utf-8", errors="replace")).bounded(environment)
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


def bfloat16_on(processor: Processor, environment: Mapping[str, str]) -> Bfloat16:
    """How fast training in bfloat16 is: oneDNN alone multiplies in it, where the processor does and it may be used."""
    if environment.get(ONEDNN, "").lower() in OFF:
        return Bfloat16(False, "oneDNN is off")
    if processor.flags & MULTIPLIES_BFLOAT16:
        return Bfloat16(True, "this processor multiplies in it")
    if not processor.flags or UNMEASURED in processor.flags:
        return Bfloat16(None, "nobody knows whether bfloat16 is fast here")
    return Bfloat16(False, "this processor does not multiply in bfloat16")
