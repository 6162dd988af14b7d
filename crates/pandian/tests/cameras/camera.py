"""A network camera of the tests: pictures of any channel at Hikvision's path, to admin with the password $CAMERA_PASSWORD, by digest.

Prints its port, then a line for each picture: channel and SHA-256.
"""

import hashlib
import http.server
import itertools
import os
import random
import re
import struct
import sys
import threading
import zlib

PASSWORD = os.environ["CAMERA_PASSWORD"]
REALM, NONCE = "IP Camera(test)", "4f2d"
WIDTH, HEIGHT = 320, 240
numbers = itertools.count()
printing = threading.Lock()


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def picture():
    """A picture with much to see, never the same twice."""
    noise = random.Random(next(numbers))
    cells = [[noise.choice((30, 120, 220)) for _ in range(WIDTH // 8)] for _ in range(HEIGHT // 8)]
    rows = b"".join(b"\0" + bytes(cells[y // 8][x // 8] for x in range(WIDTH)) for y in range(HEIGHT))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Camera(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def admitted(self):
        shown = dict(re.findall(r'(\w+)="?([^",]+)"?', self.headers.get("authorization", "")))
        ha1, ha2 = md5("admin", REALM, PASSWORD), md5(self.command, self.path)
        try:
            right = md5(ha1, shown["nonce"], shown["nc"], shown["cnonce"], shown["qop"], ha2)
        except KeyError:
            return False
        return shown["nonce"] == NONCE and shown["uri"] == self.path and shown["response"] == right

    def do_GET(self):
        channel = re.fullmatch(r"/ISAPI/Streaming/channels/(\d+)/picture", self.path)
        if not self.admitted():
            self.answer(401, b"<html>401</html>", ("www-authenticate", f'Digest qop="auth", realm="{REALM}", nonce="{NONCE}"'))
        elif channel is None:
            self.answer(404, b"")
        else:
            bytes = picture()
            with printing:
                print(channel[1], hashlib.sha256(bytes).hexdigest(), flush=True)
            self.answer(200, bytes, ("content-type", "image/jpeg"))

    def answer(self, status, body, *headers):
        self.send_response(status)
        for name, value in (*headers, ("content-length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera)
print(server.server_address[1], flush=True)
sys.stdout.flush()
server.serve_forever()
