"""Makes a folder of photos with expectations out of two public repositories.

    photos.py --zxing CLONE --quagga CLONE FOLDER

`CLONE` is a work tree or a bare git directory of github.com/zxing/zxing and github.com/ericblade/quagga2. `FOLDER` gets the photos and
`photos.csv` with the columns `file,text,format,set`; an empty text is a photo without a code. The photos belong to others: they are not
committed here.

| set | photos |
|---|---|
| `zxing` | bar codes and QR codes of zxing's black box tests |
| `zxing-other` | its Data Matrix, PDF417, Aztec, MaxiCode and GS1 DataBar |
| `quagga` | quagga's fixtures of the symbologies that are read here, many of them tilted |
| `no-code` | photos without a code, with none that is whole, or with one of a symbology that nobody here reads |
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"}

BLACKBOX = "core/src/test/resources/blackbox"
# The folders of the black box tests without their numbers, and what is in them.
ZXING = {
    "codabar": "codabar",
    "code128": "code128",
    "code39": "code39",
    "code93": "code93",
    "ean13": "ean13",
    "ean8": "ean8",
    "itf": "itf",
    "qrcode": "qr",
    "upca": "upca",
    "upce": "upce",
}
ZXING_OTHER = {
    "aztec": "aztec",
    "datamatrix": "data-matrix",
    "maxicode": "maxicode",
    "pdf417": "pdf417",
    "rss14": "databar",
    "rssexpanded": "databar",
    "rssexpandedstacked": "databar",
}
ZXING_NO_CODE = {"falsepositives", "partial", "unsupported"}

DECODERS = "test/integration/decoders"
FIXTURES = "test/fixtures"
QUAGGA = {
    "codabar": "codabar",
    "code_128": "code128",
    "code_39": "code39",
    "code_93": "code93",
    "ean": "ean13",
    "ean_8": "ean8",
    "i2of5": "itf",
    "upc": "upca",
    "upc_e": "upce",
}
# Expectations that are switched off for what quagga reads are just as true.
EXPECTATION = re.compile(r"""['"]?name['"]?\s*:\s*(['"])(?P<name>[^'"]+)\1\s*,\s*['"]?result['"]?\s*:\s*(?P<quote>['"`])(?P<text>.*?)(?P=quote)""")


class Photo(NamedTuple):
    """A photo: where it goes, its bytes, and what is known of it."""

    file: PurePosixPath
    content: bytes
    text: str
    format: str
    set: str


class Clone:
    """The newest files of a repository, whether or not they are checked out."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            sys.exit(f"there is no folder {path}")
        self.path = path
        self.is_work_tree = (path / ".git").exists()

    def files(self, below: str) -> list[PurePosixPath]:
        if self.is_work_tree:
            found = (file.relative_to(self.path) for file in (self.path / below).rglob("*") if file.is_file())
            return sorted(PurePosixPath(file) for file in found)
        names = self._git("ls-tree", "-r", "-z", "--name-only", "HEAD", f"{below}/").decode()
        return sorted(PurePosixPath(name) for name in names.split("\0") if name)

    def read(self, file: PurePosixPath) -> bytes:
        return (self.path / file).read_bytes() if self.is_work_tree else self._git("show", f"HEAD:{file}")

    def _git(self, *arguments: str) -> bytes:
        return subprocess.run(["git", "-C", self.path, *arguments], check=True, stdout=subprocess.PIPE).stdout


def without_number(folder: str) -> str:
    return re.sub(r"-\d+$", "", folder)


def of_zxing(clone: Clone) -> Iterator[Photo]:
    files = clone.files(BLACKBOX)
    if not files:
        sys.exit(f"{clone.path} has no {BLACKBOX}")
    known = set(files)
    for file in files:
        folder = without_number(file.relative_to(BLACKBOX).parts[0])
        to = PurePosixPath("zxing") / file.relative_to(BLACKBOX)
        beside = file.with_suffix(".txt")
        if file.suffix.lower() not in PICTURES:
            continue
        if folder in ZXING_NO_CODE:
            yield Photo(to, clone.read(file), "", "", "no-code")
        elif (kind := ZXING.get(folder) or ZXING_OTHER.get(folder)) and beside in known:
            text = clone.read(beside).decode()
            yield Photo(to, clone.read(file), text, kind, "zxing" if folder in ZXING else "zxing-other")


def of_quagga(clone: Clone) -> Iterator[Photo]:
    known = set(clone.files(FIXTURES))
    if not known:
        sys.exit(f"{clone.path} has no {FIXTURES}")
    for folder, kind in QUAGGA.items():
        source = clone.read(PurePosixPath(f"{DECODERS}/{folder}.spec.ts")).decode()
        for found in EXPECTATION.finditer(source):
            file = PurePosixPath(FIXTURES) / folder / found["name"]
            text = found["text"].replace("${FNC1}", "\x1d")
            if text and file in known:
                yield Photo(PurePosixPath("quagga") / folder / found["name"], clone.read(file), text, kind, "quagga")
    for file in sorted(known):
        if file.parent.name == "no_code" and file.suffix.lower() in PICTURES:
            yield Photo(PurePosixPath("quagga/no_code") / file.name, clone.read(file), "", "", "no-code")


def main() -> None:
    arguments = argparse.ArgumentParser(description="Makes a folder of photos with expectations.")
    arguments.add_argument("--zxing", type=Path, required=True, metavar="CLONE")
    arguments.add_argument("--quagga", type=Path, required=True, metavar="CLONE")
    arguments.add_argument("folder", type=Path)
    given = arguments.parse_args()
    counts: Counter[str] = Counter()
    given.folder.mkdir(parents=True, exist_ok=True)
    with (given.folder / "photos.csv").open("w", encoding="utf-8", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(["file", "text", "format", "set"])
        for source in (of_zxing(Clone(given.zxing)), of_quagga(Clone(given.quagga))):
            for photo in source:
                to = given.folder / photo.file
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(photo.content)
                rows.writerow([photo.file, photo.text, photo.format, photo.set])
                counts[photo.set] += 1
    print(", ".join(f"{name}: {count}" for name, count in counts.items()))


if __name__ == "__main__":
    main()
