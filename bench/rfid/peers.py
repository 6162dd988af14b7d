"""Peers of the benchmark of the RFID codecs.

    peers.py sllurp FILE     the frames of a recorded stream, decoded by sllurp
    peers.py llrpkit FILE    the same, by llrpkit
    peers.py epcpy FILE      EPCs in hex, one a line behind the name of their scheme, to their pure identity URIs

Prints one line of JSON: millions a second by one core, the median of `--rounds` rounds; for epcpy one figure a scheme.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path


def frames(stream: bytes) -> list[bytes]:
    """The frames of a stream. Cutting it is not counted against anyone."""
    cut, at = [], 0
    while at < len(stream):
        length = int.from_bytes(stream[at + 2 : at + 6], "big")
        cut.append(stream[at : at + length])
        at += length
    return cut


def rate(work: Callable[[], int], rounds: int) -> float:
    """Millions a second; `work` tells how many it did."""
    rates = []
    for _ in range(rounds):
        begun = time.perf_counter()
        count = work()
        rates.append(count / (time.perf_counter() - begun) / 1e6)
    return statistics.median(rates)


def sllurp(file: Path, rounds: int) -> dict[str, float]:
    from sllurp.llrp import LLRPMessage

    cut = frames(file.read_bytes())

    def work() -> int:
        return sum(len(LLRPMessage(msgbytes=frame).msgdict["RO_ACCESS_REPORT"]["TagReportData"]) for frame in cut)

    return {"tags": rate(work, rounds)}


def llrpkit(file: Path, rounds: int) -> dict[str, float]:
    from llrpkit.protocol import decode_message

    cut = frames(file.read_bytes())

    def work() -> int:
        return sum(len(decode_message(frame).tag_report_datas) for frame in cut)

    return {"tags": rate(work, rounds)}


def epcpy(file: Path, rounds: int) -> dict[str, float]:
    from epcpy.utils.parsers import hex_to_tag_encodable

    schemes = defaultdict(list)
    for line in file.read_text().splitlines():
        scheme, digits = line.split(" ")
        # It does not know the `+` schemes.
        if not scheme.endswith("+"):
            schemes[scheme].append(digits)

    def work(all_digits: list[str]) -> int:
        for digits in all_digits:
            assert hex_to_tag_encodable(digits).epc_uri
        return len(all_digits)

    return {scheme: rate(lambda: work(all_digits), rounds) for scheme, all_digits in schemes.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peers = {"sllurp": sllurp, "llrpkit": llrpkit, "epcpy": epcpy}
    parser.add_argument("peer", choices=peers)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(json.dumps(peers[args.peer](args.file, args.rounds)))


main()
