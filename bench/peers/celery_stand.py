"""Run the Celery peer with a private broker and workers, then end them all.

Everything listens on loopback at free ports and writes to a temporary directory;
each process is ended by the id it was started with.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import common
from celery_tasks import app

HERE = Path(__file__).resolve().parent
# Not /usr/sbin/rabbitmq-server: that wrapper changes to another user.
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
# Faster here than Redis, which subscribes and unsubscribes for every single task.
BACKEND = "rpc://"
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stand:
    """The started processes; leaving the context ends them, the last one first."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.exits = ExitStack()
        self.dir = Path(tempfile.mkdtemp(prefix="celery-stand-"))

    def __enter__(self) -> Stand:
        self.exits.callback(shutil.rmtree, self.dir, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        # A second interrupt must not stop the cleaning up half way.
        for number in INTERRUPTS:
            signal.signal(number, signal.SIG_IGN)
        self.exits.close()

    def start(self, name: str, command: list[str], **extra: str) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own, so that an interrupt at the
        terminal reaches only the stand, which then ends things in order."""
        # An interrupt waits until the new process is noted down for its end.
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
        with open(self.dir / f"{name}.out", "wb") as out, open(self.dir / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                command,
                cwd=HERE,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **extra},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS),
            )
        self.exits.callback(end, process)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
        return process

    def wait(self, name: str, process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
        while not ready():
            if process.poll() is not None or time.monotonic() > self.until:
                said = "".join(
                    (self.dir / f"{name}.{kind}").read_text(errors="replace")[-2000:]
                    for kind in ("out", "log")
                )
                raise SystemExit(f"{name} failed or took too long:\n{said}")
            time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> None:
    """TERM, and KILL if that is not heeded. The group holds only its children."""
    for number, patience in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def free_ports(count: int) -> list[int]:
    """Different free ports: all are held before the first is let go."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


def listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def start_rabbitmq(stand: Stand, port: int, dist: int, epmd: int) -> str:
    home = stand.dir / "rabbitmq"
    home.mkdir()
    (home / "enabled_plugins").write_text("[].\n")
    (home / "env.conf").touch()
    (home / "rabbitmq.conf").write_text("heartbeat = 0\nlog.file.level = error\n")
    erlang = {"ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(epmd)}
    # Erlang would start its name server as a daemon that outlives the node.
    # It finds this one instead, whose id we know.
    names = stand.start("epmd", ["epmd"], **erlang)
    stand.wait("epmd", names, lambda: listening(epmd))
    node = stand.start(
        "rabbitmq",
        [RABBITMQ],
        **erlang,
        HOME=str(home),  # for the cookie
        RABBITMQ_NODENAME=f"bench{port}@localhost",
        RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
        RABBITMQ_NODE_PORT=str(port),
        RABBITMQ_DIST_PORT=str(dist),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
        RABBITMQ_CONF_ENV_FILE=str(home / "env.conf"),
        RABBITMQ_CONFIG_FILE=str(home / "rabbitmq.conf"),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(home / "enabled_plugins"),
        RABBITMQ_MNESIA_BASE=str(home / "mnesia"),
        RABBITMQ_LOG_BASE=str(home / "log"),
        RABBITMQ_PID_FILE=str(home / "node.pid"),
    )
    stand.wait("rabbitmq", node, lambda: listening(port))
    return f"amqp://guest:guest@127.0.0.1:{port}//"


def start_workers(stand: Stand, args: Namespace, broker: str) -> list[int]:
    """Start the workers and wait until all of them answer."""
    celery = [sys.executable, "-m", "celery", "-A", "celery_tasks"]
    # Tasks that end at once run fastest in the worker's own loop; tasks that wait
    # need a greenlet each, or two cranes' devices would wait for one another.
    instant = args.rfid_seconds == 0 and args.capture_seconds == 0
    concurrency = args.concurrency or 2 * args.cranes
    options = [
        f"--pool={args.pool or ('solo' if instant else 'gevent')}",
        f"--concurrency={concurrency}",
        # AMQP counts what is fetched ahead in sixteen bits.
        f"--prefetch-multiplier={max(1, min(64, 65_535 // concurrency))}",
        "--loglevel=ERROR",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
    workers = [
        stand.start(
            f"worker{i}",
            [*celery, "-b", broker, "--result-backend", BACKEND, "worker", *options, "-n", f"w{i}@localhost"],
        )
        for i in range(args.workers)
    ]
    app.conf.update(broker_url=broker, result_backend=BACKEND)
    stand.wait(
        "worker0",
        workers[0],
        lambda: len(app.control.ping(timeout=1.0, limit=args.workers)) == args.workers,
    )
    app.close()
    return [worker.pid for worker in workers]


def main(args: Namespace) -> int:
    with Stand(args.deadline) as stand:
        amqp, dist, epmd = free_ports(3)
        broker = start_rabbitmq(stand, amqp, dist, epmd)
        pids = start_workers(stand, args, broker)
        command = [sys.executable, str(HERE / "celery_peer.py"), "--broker", broker]
        command += ["--backend", BACKEND, "--travel-is-server"]
        command += [f"--worker-pid={pid}" for pid in pids]
        for name in ("url", "cranes", "stops", "rfid_seconds", "capture_seconds", "deadline"):
            command += [f"--{name.replace('_', '-')}", str(getattr(args, name))]
        peer = stand.start("peer", command)
        stand.wait("peer", peer, lambda: peer.poll() == 0)
        sys.stdout.write((stand.dir / "peer.out").read_text())
    return 0


if __name__ == "__main__":
    arguments = common.parser(__doc__)
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--pool", choices=("solo", "threads", "gevent"))
    arguments.add_argument("--concurrency", type=int)
    for number in INTERRUPTS:
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    sys.exit(main(arguments.parse_args()))
