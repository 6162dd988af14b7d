"""A reader as llrpkit emulates it, with a tag for each EPC given. Prints its port as JSON and serves until it is ended."""

import asyncio
import json
import sys

from llrpkit.emulator import EmulatedTag, LLRPEmulator


async def main() -> None:
    tags = [EmulatedTag(epc=bytes.fromhex(epc), antennas=(1 + number % 2,)) for number, epc in enumerate(sys.argv[1:])]
    async with LLRPEmulator(tags=tags, antenna_count=2) as emulator:
        print(json.dumps({"port": emulator.port}), flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
