"""The Python process of one context: takes commands from the workspace server over a loopback socket, one JSON object a line.

Where to connect, the secret to show there and the environment of user code come as one JSON line on stdin.
User code runs on the main thread (that is where signals arrive), the socket is read on another.
"""

import importlib
import json
import os
import queue
import signal
import socket
import sys
import threading

sys.dont_write_bytecode = True

invitation = json.loads(sys.stdin.readline())
os.environ.update(invitation["environment"])
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

from interrupts import Interrupts  # noqa: E402
from repl import Repl  # noqa: E402

# User code must not find these modules, whose names its own may have, nor leave out its own compiled files.
ours = sys.path[0]
for name, module in list(sys.modules.items()):
    if name != "__main__" and os.path.dirname(getattr(module, "__file__", None) or "") == ours:
        del sys.modules[name]
sys.path[0] = ""
sys.dont_write_bytecode = False


class Channel:
    def __init__(self, port, secret):
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send({"secret": secret})

    def send(self, message):
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def requests(self):
        with self._socket.makefile("rb") as lines:
            for line in lines:
                yield json.loads(line)


def read(channel, commands, interrupts):
    try:
        for request in channel.requests():
            if request["method"] == "cancel":
                interrupts.interrupt(request["command"])
                channel.send({"id": request["id"], "result": {}})
            elif request["method"] == "packages":
                # Something was installed, and the import system remembers what was not there.
                importlib.invalidate_caches()
                channel.send({"id": request["id"], "result": {}})
            else:
                commands.put(request)
    finally:
        # The server is gone, and with it everyone who could want an orderly end, of this process or of those that user code started.
        os.killpg(0, signal.SIGKILL)


def main():
    channel = Channel(invitation["port"], invitation["secret"])
    interrupts = Interrupts()
    commands = queue.SimpleQueue()
    threading.Thread(target=read, args=(channel, commands, interrupts), name="channel", daemon=True).start()
    repl = None
    while True:
        request = commands.get()
        answer = {"id": request["id"]}
        try:
            if request["method"] == "start":
                repl = Repl(request["gateway"], request["count"], interrupts)
                answer["result"] = {}
            elif request["method"] == "execute":
                answer["result"] = repl.run(request["command"], request["code"])
            else:
                answer["error"] = f"The Python process knows no method {request['method']}."
        except BaseException as error:  # a defect of ours, not of the user's code: the server must hear of it
            answer["error"] = f"{type(error).__name__}: {error}"
        channel.send(answer)
        if answer.get("result", {}).get("ended"):
            os._exit(0)


main()
