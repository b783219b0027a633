"""records/processor.py on written examples of /proc/cpuinfo; none is this machine's."""

import pytest

from records.processor import ONEDNN, Processor, bfloat16_on, onednn_on, processor_in, this_processor

X86 = "fpu sse sse2 ssse3 fma sse4_1 avx f16c avx2 bmi2"
FLAGS = {  # what a processor of each kind has
    "old": "fpu sse sse2 ssse3 sse4_1 avx",
    "laptop": X86,
    "plain AVX-512": f"{X86} avx512f avx512dq",
    "hybrid laptop": f"{X86} avx_vnni",
    "VNNI server": f"{X86} avx512f avx512_vnni",
    "bfloat16 server": f"{X86} avx512f avx512_vnni avx512_bf16",
    "matrix server": f"{X86} avx512f amx_bf16 amx_tile amx_int8",
}
BY_TENSORFLOW = {"hybrid laptop", "VNNI server", "bfloat16 server", "matrix server"}
BFLOAT16 = {"bfloat16 server", "matrix server"}
ISAS = {"avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16"}


def x86(*cores: str) -> str:
    """The text of a machine whose cores have these flags."""
    lines = (f"processor\t: {i}\nmodel name\t: flags of i9\nflags\t\t: {flags}\n" for i, flags in enumerate(cores))
    return "\n".join(lines) + "\nvmx flags\t: avx512_bf16 tsc\nbugs\t\t: spectre_v1\n"


def arm(*cores: str) -> str:
    return "\n".join(f"processor\t: {i}\nFeatures\t: {flags}\nCPU part\t: 0xd0b\n" for i, flags in enumerate(cores))


def test_the_flags_are_those_that_all_cores_have():
    assert processor_in(x86(X86, X86)).flags == set(X86.split())
    assert processor_in(arm("fp asimd bf16 sve", "asimd fp")).flags == {"fp", "asimd"}
    assert processor_in("").flags == processor_in("model name\t: avx2\n").flags == frozenset()


def test_a_system_without_the_file_says_nothing(tmp_path):
    assert this_processor(tmp_path / "cpuinfo", {}) == Processor()
    (tmp_path / "cpuinfo").write_bytes(b"model name\t: \xff\nflags\t: avx2 sse2\n")
    assert this_processor(tmp_path / "cpuinfo", {}).flags == {"avx2", "sse2"}
    assert this_processor(tmp_path / "cpuinfo", {"ONEDNN_MAX_CPU_ISA": "AVX"}).flags == {"sse2"}


@pytest.mark.parametrize("kind", FLAGS)
def test_bfloat16_is_fast_where_it_is_multiplied_in(kind):
    assert bfloat16_on(processor_in(x86(FLAGS[kind])), {}).fast is (kind in BFLOAT16)


@pytest.mark.parametrize(("value", "fast"), [("0", False), ("False", False), ("1", True), ("", True)])
def test_without_onednn_nothing_is_fast_in_bfloat16(value, fast):
    assert bfloat16_on(processor_in(x86(FLAGS["bfloat16 server"])), {ONEDNN: value}).fast is fast


def test_of_bfloat16_on_other_systems_and_on_arm_that_has_it_nothing_is_known():
    found = [bfloat16_on(one, {}) for one in (Processor(), processor_in(arm("fp asimd bf16")))]
    assert [one.fast for one in found] == [None, None]
    assert bfloat16_on(processor_in(arm("fp asimd")), {}).fast is False


@pytest.mark.parametrize(
    ("bound", "left", "fast", "onednn"),
    [
        ({"ONEDNN_MAX_CPU_ISA": "AVX2"}, {"avx", "avx2"}, False, "1"),
        ({"DNNL_MAX_CPU_ISA": "avx512_core"}, {"avx", "avx2", "avx512f"}, False, "1"),
        ({"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"}, {"avx", "avx2", "avx512f", "avx512_vnni"}, False, None),
        ({"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"}, ISAS, True, None),
        ({"ONEDNN_MAX_CPU_ISA": "SSE41", "DNNL_MAX_CPU_ISA": "ALL"}, set(), False, None),  # the present name counts
    ],
)
def test_a_bound_of_onednn_leaves_a_lesser_processor(bound, left, fast, onednn):
    found = processor_in(x86(FLAGS["bfloat16 server"])).bounded(bound)
    assert found.flags & ISAS == left and found.flags >= {"sse2", "fma"}
    assert bfloat16_on(found, {}).fast is fast and onednn_on(found, {}).value == onednn
    assert found.words.endswith("=".join(next(iter(bound.items()))))


@pytest.mark.parametrize("bound", [{}, {"ONEDNN_MAX_CPU_ISA": "ALL"}, {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_AMX"}])
def test_other_bounds_leave_all(bound):
    for text in (x86(FLAGS["bfloat16 server"]), arm("fp asimd bf16")):
        assert processor_in(text).bounded(bound) == processor_in(text)
    assert {"asimd", "bf16"} <= processor_in(arm("fp asimd bf16")).bounded({"ONEDNN_MAX_CPU_ISA": "AVX2"}).flags


@pytest.mark.parametrize("kind", FLAGS)
def test_onednn_is_switched_on_where_it_helps_and_tensorflow_would_not(kind):
    expected = "1" if kind in {"laptop", "plain AVX-512"} else None
    assert onednn_on(processor_in(x86(FLAGS[kind])), {}).value == expected
    assert ("TensorFlow itself" in onednn_on(processor_in(x86(FLAGS[kind])), {}).words) == (kind in BY_TENSORFLOW)


def test_arm_and_other_systems_are_left_to_tensorflow():
    assert onednn_on(processor_in(arm("fp asimd crc32 bf16")), {}).value is None
    assert onednn_on(Processor(), {}).value is None


@pytest.mark.parametrize("value", ["0", "1", ""])
def test_the_users_own_setting_wins(value):
    found = onednn_on(processor_in(x86(X86)), {ONEDNN: value})
    assert found.value is None and f"{ONEDNN}={value}" in found.words


def test_the_words_name_what_matters_alone():
    assert processor_in(x86(FLAGS["bfloat16 server"])).words == "avx avx2 avx512_bf16 avx512_vnni avx512f"
    assert processor_in("").words == "unknown"
