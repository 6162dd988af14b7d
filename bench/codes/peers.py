"""Peers of the benchmark of codes.

    peers.py READER LIST      READER is zxing-cpp, pyzbar or opencv; LIST has the path of a picture on each line
    peers.py gray LIST        decodes only

Prints a line of JSON for each picture, in the order of the list: the texts that were read, and milliseconds for decoding the
picture to gray and for reading it. OpenCV decodes for everyone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy

Reader = Callable[[Any], list[str]]


def zxing() -> Reader:
    import zxingcpp

    # Without `text_mode` the texts have brackets around GS1 identifiers.
    return lambda gray: [code.text for code in zxingcpp.read_barcodes(gray, text_mode=zxingcpp.TextMode.Plain)]


def pyzbar() -> Reader:
    from pyzbar.pyzbar import decode

    return lambda gray: [code.data.decode(errors="replace") for code in decode(gray)]


def opencv() -> Reader:
    bars, squares = cv2.barcode.BarcodeDetector(), cv2.QRCodeDetector()

    def read(gray: Any) -> list[str]:
        texts: list[str] = []
        for detector in (bars, squares):
            try:
                found, decoded, *_ = detector.detectAndDecodeMulti(gray)
            # It raises on texts that are no UTF-8, and on some pictures without a code.
            except (cv2.error, UnicodeDecodeError):
                continue
            texts += [text for text in (decoded if found else ()) if text]
        return texts

    return read


READERS = {"zxing-cpp": zxing, "pyzbar": pyzbar, "opencv": opencv, "gray": lambda: lambda _gray: []}


def main() -> None:
    arguments = argparse.ArgumentParser(description="Reads codes.")
    arguments.add_argument("reader", choices=READERS)
    arguments.add_argument("list", type=Path)
    given = arguments.parse_args()
    cv2.setNumThreads(1)
    try:
        read = READERS[given.reader]()
    except ImportError as error:
        sys.exit(f"{given.reader} cannot be had: {error}")
    for path in given.list.read_text(encoding="utf-8").splitlines():
        coded = numpy.fromfile(path, dtype=numpy.uint8)
        begun = time.perf_counter()
        gray = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
        decoded = time.perf_counter()
        texts = [] if gray is None else read(gray)
        done = time.perf_counter()
        print(json.dumps({"texts": texts, "decode_ms": (decoded - begun) * 1e3, "read_ms": (done - decoded) * 1e3}))


if __name__ == "__main__":
    main()
