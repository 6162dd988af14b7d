"""The plain client: `group(rfid.s(), capture.s())().get()` at every stop, as many cranes at a time as wanted.

Cranes are greenlets (`--cranes-are gevent`), for which Celery has a drainer of its own, or threads, or one after the other in the main
thread (`--cranes 1`).
"""

from __future__ import annotations

import argparse
import sys

ARGUMENTS = argparse.ArgumentParser(description=__doc__)
ARGUMENTS.add_argument("--cranes", type=int, required=True)
ARGUMENTS.add_argument("--stops", type=int, required=True, help="stops of each crane")
ARGUMENTS.add_argument("--cranes-are", choices=("gevent", "threads"), default="gevent")
ARGUMENTS.add_argument("--deadline", type=float, default=300.0, help="seconds, then give up")

if __name__ == "__main__":
    args = ARGUMENTS.parse_args()
    if args.cranes_are == "gevent":
        # Before anything else imports socket or threading.
        from gevent import monkey

        monkey.patch_all()

import faulthandler
import json
import resource
import threading
import time

from celery import group

from bench_tasks import app, capture, rfid


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    good = [0] * args.cranes
    app.conf.broker_pool_limit = 32

    def crane(number: int) -> None:
        for stop in range(args.stops):
            location = f"A{number:05}-{stop:05}"
            tags, seen = group(rfid.s(location), capture.s(location))().get(timeout=120)
            good[number] += tags["tags"][0]["epc"] == location.encode().hex().upper() and seen["findings"]["occupied"]

    # The first publication makes the connections; that is not what is measured.
    group(rfid.s("warm"), capture.s("warm"))().get(timeout=60)
    wall, used = time.perf_counter(), cpu()
    if args.cranes == 1:
        crane(0)
    else:
        cranes = [threading.Thread(target=crane, args=(number,)) for number in range(args.cranes)]
        for thread in cranes:
            thread.start()
        for thread in cranes:
            thread.join()
    seconds, used = time.perf_counter() - wall, cpu() - used
    stops = args.cranes * args.stops
    # A fast figure for work that was not done would be worse than none.
    if sum(good) != stops:
        sys.exit(f"{sum(good)} good stops of {stops}")
    print(json.dumps({"stops": stops, "seconds": seconds, "checks_per_s": stops / seconds, "cpu_us_per_check": used / stops * 1e6}))


if __name__ == "__main__":
    faulthandler.dump_traceback_later(args.deadline, exit=True)
    main()
