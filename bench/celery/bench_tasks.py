"""The workers of `cargo xtask bench celery`: a reader and a camera that answer at once.

Broker and backend come from the environment, as everybody's here. Everything else is Celery's default, but that a worker's log does not
name every task.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import after_setup_logger

# Each result backend has a pair of workers of its own, whose queues end in this.
PAIR = os.environ.get("PAIR", "")

app = Celery(
    "bench_tasks",
    broker=os.environ["CELERY_BROKER_URL"],
    backend=os.environ["CELERY_RESULT_BACKEND"],
)
app.conf.update(
    task_routes={"rfid": {"queue": f"rfid{PAIR}"}, "capture": {"queue": f"capture{PAIR}"}},
    result_expires=600,
)


@after_setup_logger.connect
def quiet(**_: object) -> None:
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


@app.task(name="rfid")
def rfid(location: str) -> dict[str, Any]:
    return {"tags": [{"epc": location.encode().hex().upper(), "antenna": 1, "rssi_dbm": -52.5, "count": 7}]}


@app.task(name="capture")
def capture(location: str) -> dict[str, Any]:
    return {"findings": {"occupied": True, "codes": [], "confidence": 0.98}}
