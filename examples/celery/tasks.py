"""The scenario's two checks as Celery tasks. Both block, as vendors' SDKs do.

One worker each: celery -A tasks worker -Q rfid -n rfid@%h, and the same with capture.
"""

import os
import time

from celery import Celery

app = Celery(
    "tasks",
    broker=os.environ.get("CELERY_BROKER_URL", "amqp://guest:guest@localhost//"),
    backend=os.environ.get("CELERY_RESULT_BACKEND", "redis://localhost:6379/0"),
)
app.conf.update(
    # The task of a worker that dies goes back into its queue at once, and a result waits for a backend that is away. Without these three,
    # Celery's default, both are lost, and pandian publishes the task again at its time-out.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    result_backend_always_retry=True,
    # A worker takes no more than it has processes for: what waits, waits where another worker can get it.
    worker_prefetch_multiplier=1,
)


@app.task(name="rfid")
def rfid(location):
    """Reads the tags at a location."""
    time.sleep(float(os.environ.get("RFID_SECONDS", "2")))
    return "读取RFID信息"


@app.task(name="capture")
def capture(location):
    """Takes a picture of a location and compares it."""
    time.sleep(float(os.environ.get("CAPTURE_SECONDS", "6")))
    return "摄像头抓图"
