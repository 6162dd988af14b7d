"""The Celery peer: a greenlet per crane, and at each stop a group of two tasks.

It needs a broker, a backend and workers; celery_stand.py provides them.
"""

# Before anything else imports socket or threading. Celery has a result drainer
# of its own for greenlets, while threads would share its connection unguarded.
from gevent import monkey

monkey.patch_all()

import os
from argparse import Namespace

import gevent
import urllib3
from celery import group

import common
from celery_tasks import app, capture, rfid


def cpu_of(pid: int) -> float:
    """User and system seconds of another process and of its ended children."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        # The name in parentheses may hold spaces; what follows it may not.
        fields = stat.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def main(args: Namespace) -> None:
    app.conf.update(broker_url=args.broker, result_backend=args.backend)
    plan = common.routes(args.cranes, args.stops)
    book = common.book_of(plan)
    done: list[common.Stop] = []
    http = urllib3.PoolManager(maxsize=args.cranes, retries=False, timeout=60.0)

    def crane(route: list[str]) -> None:
        for location in route:
            reply = http.request("POST", args.url, json={"space_number": location})
            common.arrived(reply.status, reply.data)
            devices = group(
                rfid.s(location, args.rfid_seconds), capture.s(location, args.capture_seconds)
            )
            tags, image = devices().get(timeout=60)
            done.append(common.judge(book, location, tags, image))

    def workers() -> float:
        return sum(map(cpu_of, args.worker_pid))

    common.tune_collector()
    before = workers()
    meter = common.Meter()
    gevent.joinall([gevent.spawn(crane, route) for route in plan], raise_error=True)
    meter.report("celery", args.cranes, args.cranes * args.stops, done, workers() - before)


if __name__ == "__main__":
    arguments = common.parser(__doc__)
    arguments.add_argument("--broker", required=True)
    arguments.add_argument("--backend", required=True)
    arguments.add_argument(
        "--worker-pid", type=int, action="append", default=[], help="repeat for each worker"
    )
    args = arguments.parse_args()
    common.allow_open_files()
    common.bound(args.deadline)
    main(args)
