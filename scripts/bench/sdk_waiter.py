"""Waits for commands as the vendor's SDK does: reads seconds, a line each, and prints what a command told of itself as soon as its end was seen."""

import logging
import sys

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.compute import Language

# It warns of a server that has not all of the vendor's.
logging.disable()
client = WorkspaceClient()
context = client.command_execution.create(cluster_id="bench", language=Language.PYTHON).result()
for line in sys.stdin:
    ended = client.command_execution.execute_and_wait(
        cluster_id="bench", context_id=context.id, language=Language.PYTHON, command=f"sleep({line.strip()})"
    )
    print(ended.results.data, flush=True)
