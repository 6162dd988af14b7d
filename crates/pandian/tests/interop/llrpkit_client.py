"""Reads tags with llrpkit: llrpkit_client.py PORT SECONDS. Prints what it heard as JSON."""

import asyncio
import json
import sys

from llrpkit.reader import Reader


async def main(port: int, seconds: float) -> None:
    heard: dict[str, dict[str, object]] = {}
    async with Reader("127.0.0.1", port) as reader:
        async for tag in reader.inventory(session=1, duration=seconds):
            heard[tag.epc_hex.upper()] = {"antenna": tag.antenna, "rssi_dbm": tag.rssi_dbm}
        print(json.dumps({"tags": heard, "model": reader.model_number, "antennas": reader.max_antennas}))


asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
