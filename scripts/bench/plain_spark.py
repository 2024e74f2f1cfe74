"""A session of plain PySpark that evaluates each line it is given, as its shell would, and prints what came of it behind a mark."""

import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.master("local[*]").config("spark.ui.enabled", "false").getOrCreate()
for line in sys.stdin:
    print("RESULT", eval(line), flush=True)
