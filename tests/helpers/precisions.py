"""Training in bfloat16, for tests: where the processor does not multiply in it, a tiny network takes minutes a step."""

import os

import pytest

from records.processor import bfloat16_on, this_processor

FAST = bfloat16_on(this_processor(), os.environ).fast is True
COARSEST = "bfloat16" if FAST else "float32"  # the precision for tests that want the least exact one that is there
trains_in_bfloat16 = pytest.mark.skipif(not FAST, reason="this processor does not multiply in bfloat16")
