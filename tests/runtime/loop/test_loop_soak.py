"""A short run of benchmarks/loop_soak.py, whose full run serves 200,000 invocations."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.loop_soak import MAX_GROWTH_KB, growth, soak


def test_mixed_invocations_leak_neither_memory_nor_descriptors(tmp_path: Path) -> None:
    samples, served = soak(tmp_path, Path(sys.executable), 5_000, 250)
    memory, descriptors = growth(samples)

    assert served == 5_000
    assert len(samples) == 20
    assert (memory <= MAX_GROWTH_KB, descriptors) == (True, 0), samples
