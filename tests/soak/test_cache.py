"""Builds that share a cache, killed at random, over entries that are damaged at random."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

from packager.host.cache import cached_folder, cached_text, keep_text
from packager.host.cache_index import INDEX
from tests.soak.conftest import Soak

FILES = 30
KEYS = 4


def content(key: int, number: int) -> bytes:
    return f"{key} {number} ".encode() * (100 + number)


def build(folder: Path, key: int, answers: Path) -> None:
    """Take the entry `key` as a build does, and note whether every file of it is right."""

    def make(entry: Path) -> None:
        for number in range(FILES):
            place = entry / f"{number % 3}"
            place.mkdir(exist_ok=True)
            (place / str(number)).write_bytes(content(key, number))

    entry = cached_folder(folder, f"kind/{key}", make)
    right = all(
        (entry / f"{number % 3}" / str(number)).read_bytes() == content(key, number)
        for number in range(FILES)
    )
    text = cached_text(folder, f"texts/{key}", 600)
    keep_text(folder, f"texts/{key}", f"{key}" * 1000)
    right &= text in (None, f"{key}" * 1000)
    (answers / f"{os.getpid()}-{time.monotonic_ns()}").write_text(str(right))


def damage(folder: Path, draw: random.Random) -> None:
    """Do to one file of the cache what disks, cleaners and crashes do."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".lock" not in path.name]
    if not files:
        return
    path = draw.choice(files)
    try:
        match draw.choice(["cut", "empty", "remove", "flip", "index"]):
            case "cut":
                os.truncate(path, path.stat().st_size // 2)
            case "empty":
                os.truncate(path, 0)
            case "remove":
                path.unlink()
            case "flip":
                before = path.stat()
                data = bytearray(path.read_bytes())
                if data:
                    data[draw.randrange(len(data))] ^= 1
                    path.write_bytes(data)
                    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            case "index":
                (path.parent / INDEX).write_bytes(draw.randbytes(50))
    except OSError:
        pass  # it went meanwhile


def test_what_comes_out_of_the_cache_is_what_was_put_in(tmp_path: Path, soak: Soak) -> None:
    context = multiprocessing.get_context("fork")
    folder, answers = tmp_path / "cache", tmp_path / "answers"
    folder.mkdir()
    answers.mkdir()
    draw = random.Random(soak.random.random())
    killed = finished = 0
    for _ in soak.rounds(3000, "times four builds at once"):
        # Nobody damages an entry under the hands of a build that has checked it: between builds.
        for _ in range(draw.randrange(3)):
            damage(folder, draw)
        builds = [
            context.Process(target=build, args=(folder, draw.randrange(KEYS), answers))
            for _ in range(4)
        ]
        for process in builds:
            process.start()
        for process in builds:
            if draw.random() < 0.3:
                time.sleep(draw.random() * 0.01)
                if process.is_alive():
                    os.kill(process.pid or 0, signal.SIGKILL)
        for process in builds:
            process.join()
            killed += process.exitcode == -signal.SIGKILL
            assert process.exitcode in (0, -signal.SIGKILL)
        for answer in answers.iterdir():
            assert answer.read_text() in ("True", "")  # "" where it was killed meanwhile
            finished += 1
            answer.unlink()
    soak.note(f"{finished} finished, {killed} killed")
