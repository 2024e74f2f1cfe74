"""The same table by pandas, in a process of its own: the frame is made from the server's answer, as a Spark `toPandas()` would have it."""

import datetime
import decimal
import json
import sys
import time

import pandas

READERS = {
    "date": datetime.date.fromisoformat,
    "decimal(12,2)": decimal.Decimal,
}

with open(sys.argv[1], encoding="utf-8") as file:
    results = json.load(file)["results"]
readers = [READERS.get(json.loads(column["type"]), lambda value: value) for column in results["schema"]]
rows = [[read(value) for read, value in zip(readers, row)] for row in results["data"]]
frame = pandas.DataFrame(rows, columns=[column["name"] for column in results["schema"]])
del results, rows

began = time.perf_counter()
html = frame.to_html()
text = frame.to_string()
ms = (time.perf_counter() - began) * 1000
peak = None
if sys.platform == "linux":
    # What getrusage tells counts the process that started this one, too.
    with open("/proc/self/status", encoding="utf-8") as file:
        peak = next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:"))
print(json.dumps({"ms": ms, **({} if peak is None else {"mib": peak}), "htmlRows": html.count("<tr"), "textLines": len(text.splitlines())}))
