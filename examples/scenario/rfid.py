"""An RFID reader as a blocking program: python3 rfid.py LOCATION

Scans for RFID_SECONDS (2 unless set), then prints the tags it heard as JSON.
"""

import json
import os
import sys
import time

from stock import lines_at


def main():
    location = sys.argv[1]
    time.sleep(float(os.environ.get("RFID_SECONDS", "2")))
    tags = [{"epc": line["epc"], "antenna": 1, "rssi_dbm": -52.5, "count": 7} for line in lines_at(location)]
    print(json.dumps({"tags": tags}))


main()
