"""The Celery application: the two devices as tasks.

Broker and backend are given on the command line of the worker and by the client.
"""

from __future__ import annotations

import time
from typing import Any

from celery import Celery

import common

app = Celery("celery_tasks")
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    # Messages stay in memory; a crash of the broker just ends the run.
    task_default_delivery_mode="transient",
    result_persistent=False,
    result_expires=300,
    # The work is tiny, so a worker fetches far ahead instead of waiting for acks.
    worker_prefetch_multiplier=64,
    worker_disable_rate_limits=True,
    # Nothing which talks but does not work.
    broker_heartbeat=0,
    worker_send_task_events=False,
    task_send_sent_event=False,
    task_track_started=False,
    # Cranes, which all publish, must not queue for a connection.
    broker_pool_limit=32,
)


@app.task
def rfid(location: str, seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    return common.rfid_result(location)


@app.task
def capture(location: str, seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    return common.capture_result(location)
