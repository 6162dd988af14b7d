"""A task for the test of the stand."""

import os
import time

from celery import Celery

app = Celery("tasks")


@app.task(name="wait")
def wait(seconds):
    time.sleep(seconds)
    return os.getpid()
