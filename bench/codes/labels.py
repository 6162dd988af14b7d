"""Pictures for the benchmark of codes, where no photos are at hand.

    labels.py labels FOLDER           labels at several sizes, blurs and turns, with photos.csv
    labels.py luma FOLDER PHOTOS      two dozen of the pictures below PHOTOS as JPEGs of 1920 × 1080

The same pictures every time.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import barcode
import cv2
import numpy
import segno

PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
JPEGS = 24


def bars(kind: str, text: str) -> Any:
    """A row of bars as modules, 0 black, a third as high as it is wide."""
    modules = barcode.get(kind, text).build()[0]
    row = numpy.array([0 if module == "1" else 255 for module in modules], dtype=numpy.uint8)
    return numpy.repeat(row[None, :], max(len(row) // 3, 24), axis=0)


def square(text: str) -> Any:
    matrix = segno.make(text, micro=False).matrix
    return numpy.array([[0 if module else 255 for module in row] for row in matrix], dtype=numpy.uint8)


def labels() -> Iterator[tuple[str, str, Any]]:
    for number in range(3):
        yield "code128", f"PALLET-{4711 + 37 * number}", bars("code128", f"PALLET-{4711 + 37 * number}")
        digits = f"40063813339{number}"
        code = barcode.get("ean13", digits)
        yield "ean13", code.get_fullcode(), bars("ean13", digits)
        text = f"https://example.com/slot/A01-L-0{number}"
        yield "qr", text, square(text)


def scene(modules: Any, size: float, blur: float, degrees: float, noise: Any) -> Any:
    """The label on a wall: `size` pixels a module, out of focus, turned, with the noise of a sensor."""
    fine = 8
    label = numpy.pad(modules, 10, constant_values=255).repeat(fine, axis=0).repeat(fine, axis=1)
    width, height = (side * size / fine for side in (label.shape[1], label.shape[0]))
    reach = int(numpy.hypot(width, height)) + 40
    turn = cv2.getRotationMatrix2D((label.shape[1] / 2, label.shape[0] / 2), degrees, size / fine)
    turn[:, 2] += reach / 2 - numpy.array([label.shape[1], label.shape[0]]) / 2
    soft = cv2.blur(label, (max(int(fine / size), 1),) * 2)
    picture = cv2.warpAffine(soft, turn, (reach, reach), flags=cv2.INTER_LINEAR, borderValue=140).astype(numpy.float32)
    picture = 30 + picture * 0.75
    if blur:
        picture = cv2.GaussianBlur(picture, (0, 0), blur * size)
    return numpy.clip(picture + noise.normal(0, 4, picture.shape), 0, 255).astype(numpy.uint8)


def draw(folder: Path) -> None:
    noise = numpy.random.default_rng(2026)
    with (folder / "photos.csv").open("w", encoding="utf-8", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(["file", "text", "format", "set"])
        for number, (kind, text, modules) in enumerate(labels()):
            for size in (1.2, 1.6, 2.4, 4):
                for blur in (0, 0.4, 0.7):
                    for degrees in (0, 8, 30, 67):
                        name = f"{kind}-{number}-{size}-{blur}-{degrees}.png"
                        cv2.imwrite(str(folder / name), scene(modules, size, blur, degrees, noise))
                        rows.writerow([name, text, kind, f"{kind}, drawn"])
        for number in range(12):
            wall = cv2.GaussianBlur(noise.normal(128, 60, (480, 640)), (0, 0), 1 + number)
            name = f"wall-{number}.png"
            cv2.imwrite(str(folder / name), cv2.normalize(wall, None, 20, 230, cv2.NORM_MINMAX).astype(numpy.uint8))
            rows.writerow([name, "", "", "walls, drawn"])


def enlarge(folder: Path, photos: Path) -> None:
    found = sorted(path for path in photos.rglob("*") if path.suffix.lower() in PICTURES)
    step = max(len(found) // JPEGS, 1)
    for number, path in enumerate(found[::step][:JPEGS]):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is not None:
            large = cv2.resize(picture, (1920, 1080), interpolation=cv2.INTER_CUBIC)
            # A sensor's noise, so that there are as many coefficients as a camera makes.
            grain = numpy.random.default_rng(number).normal(0, 3, large.shape)
            large = numpy.clip(large + grain, 0, 255).astype(numpy.uint8)
            cv2.imwrite(str(folder / f"{number:02}.jpg"), large, [cv2.IMWRITE_JPEG_QUALITY, 85])


def main() -> None:
    arguments = argparse.ArgumentParser(description="Makes pictures for the benchmark of codes.")
    arguments.add_argument("what", choices=["labels", "luma"])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("photos", type=Path, nargs="?")
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.what == "labels":
        draw(given.folder)
    elif given.photos is None:
        sys.exit("luma wants a folder of photos")
    else:
        enlarge(given.folder, given.photos)


if __name__ == "__main__":
    main()
