"""A camera with its own comparison, as a blocking program: python3 camera.py LOCATION

Takes CAPTURE_SECONDS (6 unless set) for picture and comparison, then prints where the picture is and what is on it as JSON.
"""

import json
import os
import struct
import sys
import time
import zlib
from urllib.parse import quote

from stock import FOLDER, lines_at

WIDTH, HEIGHT = 160, 120


def main():
    location = sys.argv[1]
    time.sleep(float(os.environ.get("CAPTURE_SECONDS", "6")))
    units = [line["handling_unit"] for line in lines_at(location)]
    findings = {"occupied": bool(units), "codes": units, "confidence": 0.98}
    print(json.dumps({"picture": keep(location, png(units)), "findings": findings}))


def keep(location, picture):
    """Puts the picture into the folder, whole or not at all: pandian reads it and keeps a copy of its own."""
    folder = FOLDER / "pictures"
    folder.mkdir(exist_ok=True)
    path = folder / (quote(location, safe="") + ".png")
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(picture)
    unfinished.replace(path)
    return str(path)


def png(units):
    """A grey rack with a box for each unit, in a colour of its own: 8-bit RGB, one row after the other, no filter."""
    boxes = [zlib.crc32(unit.encode("utf-8")).to_bytes(4, "big")[:3] for unit in units]
    rows = []
    for y in range(HEIGHT):
        row = bytearray(b"\0")
        for x in range(WIDTH):
            in_box = 40 <= y < HEIGHT - 10 and x // 50 < len(boxes) and 5 <= x % 50 < 45
            row += boxes[x // 50] if in_box else bytes((90 + y // 2,) * 3)
        rows.append(bytes(row))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    image = zlib.compress(b"".join(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", image) + chunk(b"IEND", b"")


def chunk(kind, content):
    """Length, kind, content and checksum, as the PNG specification orders them."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


main()
