"""Attaches this process to the session that the context has in the driver's JVM."""

import os

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession


class Attached:
    """The context's Spark, and the way to its JVM (`entry`, see PythonGateway.scala)."""

    def __init__(self, gateway):
        # launch_gateway attaches where it finds these; user code and its child processes have no use for them.
        os.environ["PYSPARK_GATEWAY_PORT"] = str(gateway["port"])
        os.environ["PYSPARK_GATEWAY_SECRET"] = gateway["secret"]
        self._gateway = launch_gateway()
        del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]
        self.entry = self._gateway.entry_point
        jsc = self.entry.sc()
        self.sc = SparkContext(gateway=self._gateway, jsc=jsc, conf=SparkConf(_jconf=jsc.getConf()))
        self.spark = SparkSession(self.sc, self.entry.spark())
        self.entry.attached()
        self.sc.stop = self.spark.stop = _refuse_to_stop

    def begin(self, command):
        """Marks all jobs of this thread as the command's."""
        self.entry.begin(command)

    def forget_connection(self):
        """After an interrupt: the answer to an interrupted call would be taken for the answer to the next one."""
        self._gateway._gateway_client.thread_connection.connection = None


def _refuse_to_stop():
    raise RuntimeError("All notebooks of this cluster share its Spark: it cannot be stopped from one of them.")
