"""The tasks of a stage. They behave as the file `behaviour` of the stage's folder says, and tell there what they were asked."""

import os
import signal
import time

from celery import Celery

app = Celery("tasks")


def act(folder, location):
    def place(name):
        return os.path.join(folder, name)

    with open(place("asked"), "ab", buffering=0) as asked:
        asked.write(location.encode() + b"\0")
    alive = place(f"alive.{os.getpid()}")
    open(alive, "w").close()
    try:
        with open(place("behaviour")) as file:
            behaviour = file.read()
        if behaviour == "Hang":
            time.sleep(1000)
        if behaviour == "Fail":
            raise ValueError("it \033broke", "in\ntwo lines")
        if behaviour == "Drop":
            os.kill(os.getpid(), signal.SIGKILL)
        return behaviour
    finally:
        os.remove(alive)


@app.task(name="stage.rfid")
def rfid(location, folder):
    return {"tags": 5 if act(folder, location) == "Garbage" else ["30AA"]}


@app.task(name="stage.capture", bind=True)
def capture(self, location, folder):
    self.update_state(state="ACQUIRED")
    return {"picture": 5 if act(folder, location) == "Garbage" else "shot.png", "verdict": "occupied"}
