"""Reads tags with sllurp: sllurp_client.py PORT SECONDS. Prints what it heard as JSON."""

import json
import sys
import time

from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig

port, seconds = int(sys.argv[1]), float(sys.argv[2])
heard = {}


def told(_reader, tags):
    for tag in tags:
        epc = tag["EPC"] if "EPC" in tag else tag["EPC-96"]
        heard[epc.decode().upper()] = {"antenna": tag.get("AntennaID"), "rssi_dbm": tag.get("PeakRSSI")}


config = LLRPReaderConfig(
    {
        "antennas": [1, 2],
        "session": 1,
        "report_every_n_tags": 1,
        "keepalive_interval": 1000,
        "tag_content_selector": {
            "EnableROSpecID": False,
            "EnableSpecIndex": False,
            "EnableInventoryParameterSpecID": False,
            "EnableAntennaID": True,
            "EnableChannelIndex": True,
            "EnablePeakRSSI": True,
            "EnableFirstSeenTimestamp": True,
            "EnableLastSeenTimestamp": True,
            "EnableTagSeenCount": True,
            "EnableAccessSpecID": False,
        },
    }
)
reader = LLRPReaderClient("127.0.0.1", port, config)
reader.add_tag_report_callback(told)
reader.connect()
time.sleep(seconds)
reader.disconnect(timeout=2)
if reader.is_alive():
    # It asks before it notes what to do with the answer, and misses one that comes at once.
    reader.hard_disconnect()
    reader.join(5)
print(json.dumps({"tags": heard}))
