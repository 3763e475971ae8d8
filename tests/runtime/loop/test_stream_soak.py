"""A short run of benchmarks/stream_soak.py, whose full run serves 10,000 invocations."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.stream_soak import MAX_GROWTH_KB, soak


def test_mixed_invocations_are_each_answered_exactly(tmp_path: Path) -> None:
    soaked = soak(tmp_path, Path(sys.executable), 800)

    assert soaked.faults == []
    assert (soaked.memory <= MAX_GROWTH_KB, soaked.descriptors) == (True, 0)
