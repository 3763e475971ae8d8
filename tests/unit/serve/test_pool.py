"""Environments are started when all are busy, retired with their build, and ended when idle."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from packager.serve.execution import Start
from packager.serve.pool import Pool, Taken
from packager.serve.state import EnvironmentCounts
from tests.support.served import are_gone


def in_pool(limit: int, work: Callable[[Pool], Awaitable[None]]) -> None:
    """Do what needs a pool, on an event loop of its own."""

    async def run() -> None:
        with ThreadPoolExecutor(4) as threads:
            pool = Pool(threads, limit, lambda: None)
            try:
                await work(pool)
            finally:
                await pool.close()

    asyncio.run(run())


async def ask(taken: Taken) -> int:
    """Have an environment answer; return its process."""
    answer = await taken.execution.invoke(b"{}", lambda part: None)
    return int(json.loads(answer.payload)["pid"])


def ignored(data: bytes) -> None:
    pass


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(60):
        while not are_gone({pid}):
            await asyncio.sleep(0.02)


def test_one_request_at_a_time_and_no_more_than_the_limit(start: Start) -> None:
    async def work(pool: Pool) -> None:
        pool.use(start)
        one, other = [await pool.take(ignored) for _ in range(2)]
        assert (one.cold, other.cold) == (True, True)
        third = asyncio.ensure_future(pool.take(ignored))
        await asyncio.sleep(0)
        assert pool.counts == EnvironmentCounts(busy=2, waiting=1)
        pids = [await ask(one), await ask(other)]
        await pool.give_back(other)
        warm = await third
        assert (warm.cold, warm.execution) == (False, other.execution)
        assert await ask(warm) == pids[1]
        await pool.give_back(one)
        await pool.give_back(warm)
        assert pool.counts == EnvironmentCounts(idle=2)

    in_pool(2, work)


def test_what_is_idle_for_long_ends(start: Start) -> None:
    async def work(pool: Pool) -> None:
        pool.use(start)
        taken = await pool.take(ignored)
        pid = await ask(taken)
        await pool.give_back(taken)
        pool.end_idle(300)
        assert pool.counts == EnvironmentCounts(idle=1)
        pool.end_idle(0)
        assert pool.counts == EnvironmentCounts()
        await until_gone(pid)
        assert (await pool.take(ignored)).cold

    in_pool(2, work)


def test_a_new_build_retires_the_old_one(start: Start) -> None:
    """What is idle ends at once, what works does so once it is done."""

    async def work(pool: Pool) -> None:
        pool.use(start)
        busy, idle = [await pool.take(ignored) for _ in range(2)]
        pids = [await ask(busy), await ask(idle)]
        await pool.give_back(idle)
        pool.use(replace(start, variables={"NEW": "1"}))
        assert pool.counts == EnvironmentCounts(retiring=1)
        await until_gone(pids[1])
        fresh = await pool.take(ignored)
        assert fresh.cold
        assert await ask(fresh) not in pids
        assert not are_gone({pids[0]})
        await pool.give_back(busy)
        assert pool.counts == EnvironmentCounts(busy=1)
        await until_gone(pids[0])

    in_pool(2, work)
