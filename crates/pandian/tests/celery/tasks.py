"""Tasks for tests: each writes down when it begins and ends, with its id.

Their ways are set by the environment: TASK_LOG, BOOK, RFID_SECONDS, CAPTURE_SECONDS, and CAREFUL=1 for the settings that the example
recommends instead of Celery's own.
"""

import csv
import json
import os
import time

from celery import Celery

app = Celery("tasks")
is_careful = os.environ["CAREFUL"] == "1"
app.conf.update(
    task_acks_late=is_careful,
    task_reject_on_worker_lost=is_careful,
    result_backend_always_retry=is_careful,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


def note(task, location, state):
    entry = {"task": task.name, "id": task.request.id, "location": location, "state": state, "at": time.time(), "pid": os.getpid()}
    # One write of a short line is whole or not there at all, whoever else writes.
    log = os.open(os.environ["TASK_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, (json.dumps(entry) + "\n").encode())
    os.close(log)


def booked(location):
    with open(os.environ["BOOK"], encoding="utf-8", newline="") as book:
        return [line for line in csv.DictReader(book) if line["location"] == location]


def seen(location):
    return {"tags": [{"epc": line["epc"]} for line in booked(location)]}


@app.task(name="rfid", bind=True)
def rfid(self, location):
    note(self, location, "begin")
    time.sleep(float(os.environ["RFID_SECONDS"]))
    note(self, location, "end")
    return seen(location)


@app.task(name="capture", bind=True)
def capture(self, location):
    note(self, location, "begin")
    time.sleep(float(os.environ["CAPTURE_SECONDS"]))
    note(self, location, "end")
    codes = [line["handling_unit"] for line in booked(location)]
    return {"findings": {"occupied": True, "codes": codes, "confidence": 0.98}}


@app.task(name="troubled", bind=True)
def troubled(self, location, attempt):
    """Does what the location's name says."""
    note(self, location, "begin")
    if location == "fails":
        raise ValueError("antenna 4 is not connected")
    if location == "hangs-once" and attempt == "1":
        time.sleep(600)
    if location == "revoked":
        self.app.control.revoke(self.request.id, terminate=True)
        time.sleep(600)
    if location == "put-off":
        raise self.retry(exc=OSError("the reader is busy"), countdown=600)
    note(self, location, "end")
    if location == "huge":
        return "x" * 100_000_000
    if location == "garbage":
        return {"readings": [1, 2]}
    return seen(location)
