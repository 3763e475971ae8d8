"""Many mixed invocations of the fast entry's loop, hostile ones included (benchmarks/loop_soak)."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.loop_soak import MAX_GROWTH_KB, growth
from benchmarks.loop_soak import soak as serve
from tests.soak.conftest import Soak


def test_mixed_invocations_leak_neither_memory_nor_descriptors(tmp_path: Path, soak: Soak) -> None:
    for number in soak.rounds(10, "times 20,000 invocations"):
        folder = tmp_path / str(number)
        folder.mkdir()
        samples, served = serve(folder, Path(sys.executable), 20_000, 1_000)
        memory, descriptors = growth(samples)

        assert served == 20_000
        assert (memory <= MAX_GROWTH_KB, descriptors) == (True, 0), samples
