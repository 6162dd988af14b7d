"""The asyncio peer: one task per crane, aiohttp over uvloop, awaitable devices."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from typing import Any

import aiohttp
import uvloop

import common


async def rfid(location: str, seconds: float) -> dict[str, Any]:
    await asyncio.sleep(seconds)
    return common.rfid_result(location)


async def capture(location: str, seconds: float) -> dict[str, Any]:
    await asyncio.sleep(seconds)
    return common.capture_result(location)


async def crane(
    http: aiohttp.ClientSession,
    args: Namespace,
    book: common.Book,
    route: list[str],
    done: list[common.Stop],
) -> None:
    for location in route:
        async with http.post(args.url, json={"space_number": location}) as reply:
            common.arrived(reply.status, await reply.read())
        tags, image = await asyncio.gather(
            rfid(location, args.rfid_seconds), capture(location, args.capture_seconds)
        )
        done.append(common.judge(book, location, tags, image))


async def main(args: Namespace) -> None:
    plan = common.routes(args.cranes, args.stops)
    book = common.book_of(plan)
    done: list[common.Stop] = []
    async with aiohttp.ClientSession(
        # limit=0: the pool must not hold back a crane that is ready to move.
        connector=aiohttp.TCPConnector(limit=0),
        # A crane sets no cookies, so no jar is searched at each request.
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=60),
    ) as http:
        common.tune_collector()
        meter = common.Meter()
        async with asyncio.TaskGroup() as cranes:
            for route in plan:
                cranes.create_task(crane(http, args, book, route, done))
        meter.report("asyncio", args.cranes, args.cranes * args.stops, done)


if __name__ == "__main__":
    arguments = common.parser(__doc__).parse_args()
    common.allow_open_files()
    common.bound(arguments.deadline)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(arguments))
