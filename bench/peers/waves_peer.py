"""The waves peer: send all cranes, wait for all, check all, and again.

Travel takes a thread per crane, for all cranes move at once; the checks share a
small pool of threads whose devices block.
"""

from __future__ import annotations

import time
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3

import common


def rfid(location: str, seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    return common.rfid_result(location)


def capture(location: str, seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    return common.capture_result(location)


def main(args: Namespace) -> None:
    plan = common.routes(args.cranes, args.stops)
    book = common.book_of(plan)
    done: list[common.Stop] = []
    # A connection per crane is kept: the peer must not pay for reconnecting.
    http = urllib3.PoolManager(maxsize=args.cranes, retries=False, timeout=60.0)

    def travel(location: str) -> None:
        reply = http.request("POST", args.url, json={"space_number": location})
        common.arrived(reply.status, reply.data)

    with (
        ThreadPoolExecutor(args.cranes) as cranes,
        ThreadPoolExecutor(args.threads) as devices,
    ):
        common.tune_collector()
        meter = common.Meter()
        for wave in zip(*plan, strict=True):
            for _ in cranes.map(travel, wave):
                pass
            # Both devices of a stop are queued side by side, so they run together.
            checks = [
                (
                    location,
                    devices.submit(rfid, location, args.rfid_seconds),
                    devices.submit(capture, location, args.capture_seconds),
                )
                for location in wave
            ]
            for location, tags, image in checks:
                done.append(common.judge(book, location, tags.result(), image.result()))
        meter.report("waves", args.cranes, args.cranes * args.stops, done)


if __name__ == "__main__":
    arguments = common.parser(__doc__)
    arguments.add_argument("--threads", type=int, default=4, help="threads for the devices")
    args = arguments.parse_args()
    common.allow_open_files()
    common.bound(args.deadline)
    main(args)
