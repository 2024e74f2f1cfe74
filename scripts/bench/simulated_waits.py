"""The waits of the rivals by a clock that stands still but for them: prints how long after its end a command is seen, and after how many requests.

    simulated_waits.py WHO TRIP SECONDS...   (TRIP: milliseconds of a round trip; one line of JSON for each command)
"""

import json
import logging
import sys
import time
from types import SimpleNamespace

from databricks.sdk.service.compute import ClustersAPI, CommandExecutionAPI, Language

who, trip, runs = sys.argv[1], float(sys.argv[2]) / 1000, [float(seconds) for seconds in sys.argv[3:]]
clock = 1e9


def sleep(seconds: float) -> None:
    global clock
    clock += seconds


time.time = lambda: clock
time.monotonic = lambda: clock
time.sleep = sleep


class Server:
    """Answers in the place of the SDK's HTTP client; the way there and the way back take half a round trip each."""

    _cfg = SimpleNamespace(workspace_id=None)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.requests = 0

    def do(self, method: str, path: str, **_: object) -> dict:
        self.requests += 1
        sleep(trip / 2)
        try:
            if path.endswith("/commands/execute"):
                self.due = clock + self.seconds
                return {"id": "command"}
            if path.endswith("/commands/status"):
                if clock < self.due:
                    return {"id": "command", "status": "Running"}
                return {"id": "command", "status": "Finished", "results": {"resultType": "text", "data": ""}}
            return {"cluster_id": "bench", "state": "RUNNING"}
        finally:
            sleep(trip / 2)


def wait_by_sdk(api: Server) -> None:
    CommandExecutionAPI(api).execute_and_wait(cluster_id="bench", context_id="context", language=Language.PYTHON, command="sleep")


def wait_by_kernel(api: Server) -> None:
    from jupyter_databricks_kernel.config import Config
    from jupyter_databricks_kernel.executor import DatabricksExecutor

    client = SimpleNamespace(command_execution=CommandExecutionAPI(api), clusters=ClustersAPI(api))
    executor = DatabricksExecutor(Config(cluster_id="bench"), client=client)
    executor.context_id = "context"
    ended = executor.execute("sleep", on_progress=lambda *_: None)
    if ended.status != "ok":
        raise RuntimeError(ended.error)


logging.disable()
for seconds in runs:
    server = Server(seconds)
    {"databricks-sdk": wait_by_sdk, "jupyter-databricks-kernel": wait_by_kernel}[who](server)
    print(json.dumps({"late": (clock - server.due) * 1000, "requests": server.requests}))
