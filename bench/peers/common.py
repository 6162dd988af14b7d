"""What every peer shares: the arguments, the book, the verdict and the report."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import json
import resource
import time
from dataclasses import dataclass
from typing import Any

ARRIVED = "堆垛机已到达货位"

Book = dict[str, int]


@dataclass(frozen=True, slots=True)
class Stop:
    """The result of one check."""

    location: str
    verdict: str
    counted: int
    image: str


def parser(description: str) -> argparse.ArgumentParser:
    """The arguments common to all peers; a peer may add its own."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--url", required=True, help="the crane's address")
    p.add_argument("--cranes", type=int, required=True)
    p.add_argument("--stops", type=int, required=True, help="stops of each crane")
    p.add_argument(
        "--travel-is-server",
        action="store_true",
        help="says for the record that a crane travels for as long as the server "
        "takes to answer, which is always so here",
    )
    p.add_argument("--rfid-seconds", type=float, default=0.0)
    p.add_argument("--capture-seconds", type=float, default=0.0)
    p.add_argument("--deadline", type=float, default=120.0, help="seconds, then give up")
    return p


def bound(deadline: float) -> None:
    """End this process with status 1 after `deadline`, whatever its threads do."""
    faulthandler.dump_traceback_later(deadline, exit=True)


def allow_open_files() -> None:
    """Each crane holds a connection; the soft limit of 1024 is too low for 1000."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def tune_collector() -> None:
    """Thousands of long-lived connections make full collections dear. What lives
    for the whole run is set aside, and collections come seldom."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def routes(cranes: int, stops: int) -> list[list[str]]:
    """The locations each crane visits, in order."""
    return [
        [f"A{crane:02}-L-{i // 20 + 1:03}-{i % 20 + 1:02}" for i in range(stops)]
        for crane in range(1, cranes + 1)
    ]


def book_of(plan: list[list[str]]) -> Book:
    """What should stand at each location."""
    return {location: 1 for route in plan for location in route}


def rfid_result(location: str) -> dict[str, Any]:
    """What the instant RFID reader finds."""
    return {"location": location, "tags": ["E28011606000020612345678"]}


def capture_result(location: str) -> dict[str, Any]:
    """What the instant camera returns."""
    return {"location": location, "image": "capture.jpg"}


def arrived(status: int, body: bytes) -> None:
    """Raise unless the crane's reply says that it has arrived."""
    reply = json.loads(body) if status == 200 else {}
    if reply.get("code") != 200 or reply.get("message") != ARRIVED:
        raise RuntimeError(f"the crane did not arrive: {status} {body[:200]!r}")


def judge(book: Book, location: str, rfid: dict[str, Any], capture: dict[str, Any]) -> Stop:
    """Compare what was found with the book."""
    counted = len(rfid["tags"])
    verdict = "match" if counted == book[location] else "mismatch"
    return Stop(location, verdict, counted, capture["image"])


def own_cpu() -> float:
    """User and system seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """Wall and processor time from its creation until `report`."""

    def __init__(self) -> None:
        self.cpu, self.wall = own_cpu(), time.perf_counter()

    def report(
        self, peer: str, cranes: int, expected: int, done: list[Stop], other_cpu: float | None = None
    ) -> None:
        """Print the JSON line. `other_cpu` is the seconds of helper processes."""
        seconds, cpu = time.perf_counter() - self.wall, own_cpu() - self.cpu
        # A fast figure for work that was not done would be worse than none.
        good = sum(stop.verdict == "match" for stop in done)
        if good != expected:
            raise SystemExit(f"{peer}: {good} good checks of {expected}")
        line: dict[str, Any] = {
            "peer": peer,
            "cranes": cranes,
            "stops": expected,
            "seconds": round(seconds, 4),
            "checks_per_s": round(expected / seconds, 1),
            "cpu_us_per_check": round((cpu + (other_cpu or 0.0)) / expected * 1e6, 1),
        }
        if other_cpu is not None:
            line["client_cpu_us_per_check"] = round(cpu / expected * 1e6, 1)
            line["worker_cpu_us_per_check"] = round(other_cpu / expected * 1e6, 1)
        print(json.dumps(line), flush=True)
