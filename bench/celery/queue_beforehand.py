"""The workers' own ceiling: the tasks of every stop are queued while nobody consumes, then the workers are let loose.

Measured from there until the last result is in Redis. Nobody publishes and nobody listens meanwhile.
"""

from __future__ import annotations

import argparse
import json
import time

import redis

from bench_tasks import app, capture, rfid


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stops", type=int, required=True)
    arguments.add_argument("--deadline", type=float, default=300.0)
    args = arguments.parse_args()
    store = redis.Redis.from_url(app.conf.result_backend)
    queues = [route["queue"] for route in app.conf.task_routes.values()]
    control = {"reply": True, "timeout": 5.0, "limit": 2}
    for queue in queues:
        app.control.cancel_consumer(queue, **control)
    store.flushdb()
    for stop in range(args.stops):
        location = f"A{stop:05}-00000"
        rfid.delay(location)
        capture.delay(location)
    begun = time.perf_counter()
    # Each worker takes its own queue again.
    for queue in queues:
        app.control.add_consumer(queue, destination=[f"{queue}@localhost"])
    while store.dbsize() < 2 * args.stops:
        if time.perf_counter() - begun > args.deadline:
            raise SystemExit(f"{store.dbsize()} results of {2 * args.stops}")
        time.sleep(0.005)
    seconds = time.perf_counter() - begun
    print(json.dumps({"stops": args.stops, "seconds": seconds, "checks_per_s": args.stops / seconds, "cpu_us_per_check": 0.0}))


if __name__ == "__main__":
    main()
