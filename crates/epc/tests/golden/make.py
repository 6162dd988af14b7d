"""Writes golden lines with an independent implementation of the standard; see README.md beside this file.

    make.py COUNT SEED > FILE

One line a value, tab-separated: scheme, hexadecimal, tag URI, pure identity URI, element string (or "-").
"""

import random
import sys

from epcpy.epc_schemes import ADI, CPI, GDTI, GIAI, GID, GRAI, GSRN, GSRNP, ITIP, SGCN, SGLN, SGTIN, SSCC, USDOD
from epcpy.epc_schemes import adi, cpi, gdti, giai, grai, gsrn, gsrnp, itip, sgcn, sgln, sgtin, sscc, usdod

GS1 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
ESCAPED = "\"#%&/<>?"


def escape(text):
    return "".join(f"%{ord(c):02X}" if c in ESCAPED else c for c in text)


def digits(r, count):
    # Leading zeros and nines more often than chance has them.
    first = r.choice(["", "0", "00", "9" * 3, "0" * 12, "9" * 20])[:count]
    return first + "".join(r.choice(DIGITS) for _ in range(count - len(first)))


def integer(r, limit):
    return str(r.choice([0, 1, limit - 1, r.randrange(limit), r.randrange(1 << r.randrange(1, limit.bit_length() + 1)) % limit]))


def text(r, most, alphabet=GS1):
    return escape("".join(r.choice(alphabet) for _ in range(r.choice([1, most, r.randint(1, most)]))))


def keyed(total, serial):
    """Company prefix and reference of `total` digits together, and perhaps a serial number."""

    def make(r):
        length = r.randint(6, 12)
        parts = [digits(r, length), digits(r, total - length)]
        return ".".join(parts + ([serial(r)] if serial else []))

    return make


def itip_body(serial):
    def make(r):
        # The encoder of the reference refuses 99, which the standard's decoder takes.
        return keyed(13, None)(r) + f".{r.randrange(99):02}.{r.randrange(99):02}." + serial(r)

    return make


def giai_96(r):
    length = r.randint(6, 12)
    bits = {12: 42, 11: 45, 10: 48, 9: 52, 8: 55, 7: 58, 6: 62}[length]
    return f"{digits(r, length)}.{integer(r, 1 << bits)}"


def giai_202(r):
    length = r.randint(6, 12)
    return f"{digits(r, length)}.{text(r, 30 - length)}"


def cpi_96(r):
    length = r.randint(6, 12)
    return f"{digits(r, length)}.{integer(r, 10 ** (15 - length))}.{integer(r, 1 << 31)}"


def cpi_var(r):
    length = r.randint(6, 12)
    return f"{digits(r, length)}.{text(r, 30 - length, DIGITS + CAPITALS + '#-/')}.{integer(r, 10 ** 12)}"


def cage(r):
    return "".join(r.choice(DIGITS + "ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(r.randint(5, 6)))


def adi_body(r):
    part = text(r, 32, DIGITS + CAPITALS + "-/") if r.random() < 0.8 else ""
    number = text(r, 29, DIGITS + CAPITALS + "-/")
    return f"{cage(r)}.{part}.{'%23' if r.random() < 0.3 else ''}{number}"


SCHEMES = [
    ("sgtin-96", SGTIN, sgtin.SGTINFilterValue, keyed(13, lambda r: integer(r, 1 << 38))),
    ("sgtin-198", SGTIN, sgtin.SGTINFilterValue, keyed(13, lambda r: text(r, 20))),
    ("sscc-96", SSCC, sscc.SSCCFilterValue, keyed(17, None)),
    ("sgln-96", SGLN, sgln.SGLNFilterValue, keyed(12, lambda r: integer(r, 1 << 41))),
    ("sgln-195", SGLN, sgln.SGLNFilterValue, keyed(12, lambda r: text(r, 20))),
    ("grai-96", GRAI, grai.GRAIFilterValue, keyed(12, lambda r: integer(r, 1 << 38))),
    ("grai-170", GRAI, grai.GRAIFilterValue, keyed(12, lambda r: text(r, 16))),
    ("giai-96", GIAI, giai.GIAIFilterValue, giai_96),
    ("giai-202", GIAI, giai.GIAIFilterValue, giai_202),
    ("gsrn-96", GSRN, gsrn.GSRNFilterValue, keyed(17, None)),
    ("gsrnp-96", GSRNP, gsrnp.GSRNPFilterValue, keyed(17, None)),
    ("gdti-96", GDTI, gdti.GDTIFilterValue, keyed(12, lambda r: integer(r, 1 << 41))),
    ("gdti-174", GDTI, gdti.GDTIFilterValue, keyed(12, lambda r: text(r, 17))),
    ("sgcn-96", SGCN, sgcn.SGCNFilterValue, keyed(12, lambda r: digits(r, r.randint(1, 12)))),
    ("itip-110", ITIP, itip.ITIPFilterValue, itip_body(lambda r: integer(r, 1 << 38))),
    ("itip-212", ITIP, itip.ITIPFilterValue, itip_body(lambda r: text(r, 20))),
    ("cpi-96", CPI, cpi.CPIFilterValue, cpi_96),
    ("cpi-var", CPI, cpi.CPIFilterValue, cpi_var),
    ("gid-96", GID, None, lambda r: f"{integer(r, 1 << 28)}.{integer(r, 1 << 24)}.{integer(r, 1 << 36)}"),
    ("usdod-96", USDOD, usdod.USDODFilterValue, lambda r: f"{cage(r)}.{integer(r, 1 << 36)}"),
    ("adi-var", ADI, adi.ADIFilterValue, adi_body),
]


def main(count, seed):
    refused = unstable = 0
    for name, kind, filters, body in SCHEMES:
        r = random.Random(f"{seed} {name}")
        for _ in range(count):
            pure = f"urn:epc:id:{name.split('-')[0]}:{body(r)}"
            how = {"binary_coding_scheme": kind.BinaryCodingScheme(name)}
            if filters:
                how["filter_value"] = r.choice(list(filters))
            try:
                epc = kind(pure)
                tag, hexadecimal = epc.tag_uri(**how), epc.hex(**how)
            except Exception as error:
                refused += 1
                print(f"refused: {name} {pure}: {error!r}", file=sys.stderr)
                continue
            try:
                back = kind.from_hex(hexadecimal).epc_uri
            except Exception as error:
                back = repr(error)
            if back != pure:
                unstable += 1
                print(f"does not come back: {name} {pure} {hexadecimal}: {back}", file=sys.stderr)
                continue
            gs1 = epc.gs1_element_string() if hasattr(epc, "gs1_element_string") else "-"
            print(name, hexadecimal, tag, pure, gs1, sep="\t")
    print(f"{refused} refused, {unstable} did not come back", file=sys.stderr)


main(int(sys.argv[1]), sys.argv[2])
