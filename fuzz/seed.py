"""Writes the seeds of the corpora out of the golden values of both codecs.

    python3 fuzz/seed.py

The same values give the same files. What a fuzzer found beyond them lies beside them, under the name that the fuzzer gave it.
"""

from pathlib import Path

FUZZ = Path(__file__).parent
CRATES = FUZZ.parent / "crates"
LONGEST = 1024

# Of the `+` schemes the golden values have none: these are examples of the standard.
PLUS = [
    "F73795211411234538566CB0AFC4",
    "FB342CDE795211411234538566CB0AFC4",
    "F90095201234567891235",
    "F2395211411234548566CB0AFC4",
    "F13095211411234548566CB0AFC4",
    "FA3952114132E83C2BF10",
    "F43952114112345678906",
    "F53952114112345678906",
    "F6395211411234540458B8",
    "F0395211415E87A145BAFB4D19A8C0E4",
    "F839521141678909509338",
    "F3309521141123454010266AE27FDF35",
]
TEXTS = [
    "urn:epc:id:sgtin:0614141.812345.32a%2Fb",
    "urn:epc:id:sgln:0614141.12345.400",
    "urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345",
    "urn:epc:id:usdod:CAGEY.5678",
    "urn:epc:id:adi:35962.PQ7VZ4.M37GXB92",
    "(01)80614141123458(21)32a/b",
    "(01)79521141123453(17)220630(21)32a/b",
    "(00)106141412345678908",
    "(414)0614141123452(254)32a/b",
    "(8003)006141411234525678",
    "(8004)061414112345400",
    "(8006)006141411234560102(21)981",
    "(8010)06141415PQ7/Z43(8011)12345",
    "(8018)061414112345678902",
]


def write(target: str, name: str, content: bytes) -> None:
    """One seed."""
    if len(content) < LONGEST:
        (FUZZ / "corpus" / target / name).write_bytes(content)


def epcs() -> None:
    """Bits of every scheme with its tag URI, and texts. The first byte says how many bits of the last bytes do not count."""
    seen = set()
    for line in (CRATES / "epc/tests/golden/epcpy.txt").read_text().splitlines():
        scheme, digits, tag_uri, *_ = line.split("\t")
        if scheme not in seen:
            seen.add(scheme)
            write("epc", scheme, b"\0" + bytes.fromhex(digits))
            write("epc", f"{scheme}-uri", b"\0" + tag_uri.encode())
    for digits in PLUS:
        write("epc", f"plus-{digits[:2].lower()}", bytes([4 * (len(digits) % 2)]) + bytes.fromhex(digits + "0" * (len(digits) % 2)))
    for number, text in enumerate(TEXTS):
        write("epc", f"text-{number}", b"\0" + text.encode())


def frames() -> None:
    """The shortest golden frame of every message, then streams of them with the lengths that they are cut into."""
    shortest: dict[str, bytes] = {}
    for line in (CRATES / "llrp/tests/golden/random.txt").read_text().splitlines():
        name, _, digits = line.split(" ")
        frame = bytes.fromhex(digits)
        if len(frame) < len(shortest.get(name, frame + b"\0")):
            shortest[name] = frame
    for name, frame in shortest.items():
        write("llrp_message", name.lower(), frame)
    for line in (CRATES / "llrp/tests/golden/named.txt").read_text().splitlines():
        name, digits = line.split(" ")
        write("llrp_message", f"named-{name}", bytes.fromhex(digits))
    every = list(shortest.values())
    for number in range(20):
        stream = b"".join(every[(number * 7 + step * (number + 1)) % len(every)] for step in range(3))[:900]
        cuts = bytes((number * 5 + step * 11) % 40 for step in range(number % 5))
        write("llrp_framer", f"stream-{number:02}", bytes([len(cuts)]) + cuts + stream)
    write("llrp_framer", "no-version", b"\0" + bytes(12))
    write("llrp_framer", "too-long", b"\0" + bytes.fromhex("043d7fffffff00000001") + bytes(40))
    write("llrp_framer", "too-short", b"\1\3" + bytes.fromhex("043e0000000900000001"))


def replies() -> None:
    """Heads with the challenges that cameras send, ONVIF answers, pictures."""
    challenges = [
        'Digest qop="auth", realm="DS-2CD2T47", nonce="4e6a:5f", stale="FALSE"',
        'Digest realm="AXIS_ACCC8E", nonce="aW8=", algorithm=MD5, qop="auth",stale=true',
        'Digest realm="a \\"b\\"", nonce=n, algorithm="sha-256-SESS", qop="auth-int", opaque="", Basic realm="r", Negotiate',
        'Basic realm="相机"',
    ]
    for number, challenge in enumerate(challenges):
        head = f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nretry-after: 3\r\ncontent-length: 0\r\n\r\n"
        write("camera_reply", f"challenge-{number}", head.encode())
    date = "".join(f"<{name}>7</{name}>" for name in ("Year", "Month", "Day"))
    time = "".join(f"<{name}>7</{name}>" for name in ("Hour", "Minute", "Second"))
    answers = {
        "clock": f"<R><SystemDateAndTime><UTCDateTime><Time>{time}</Time><Date>{date}</Date></UTCDateTime></SystemDateAndTime></R>",
        "services": "<R><Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace><XAddr>http://h/</XAddr></Service></R>",
        "profiles": '<R><t:Profiles token="P&amp;&#49;" fixed="true"><t:Name><![CDATA[main]]></t:Name></t:Profiles></R>',
        "uri": "<R><MediaUri><Uri>http://h/s?a=1&amp;b=2</Uri></MediaUri></R>",
        "fault": "<e:Fault><e:Code><e:Subcode><e:Value>ter:NotAuthorized</e:Value></e:Subcode></e:Code></e:Fault>",
    }
    for name, answer in answers.items():
        envelope = f'<?xml version="1.0"?><e:Envelope xmlns:e="x"><e:Body>{answer}</e:Body></e:Envelope>'
        write("camera_reply", f"onvif-{name}", envelope.encode())
    jpeg = b"\xff\xd8\xff\xe1\0\x06\xff\xd8\xff\xd9\xff\xc0\0\x0b\x08\x04\x38\x07\x80\x01\0\0\0\xff\xda\0\x02scan\xff\xd9"
    write("camera_reply", "jpeg", jpeg)
    write("camera_reply", "bmp", b"BM\x1c" + bytes(11) + b"\x28" + bytes(13))


epcs()
frames()
replies()
