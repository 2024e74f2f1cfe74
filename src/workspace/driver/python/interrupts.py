"""Interrupts reach the command that they are meant for, and nothing else."""

import contextlib
import os
import signal
import threading


class Interrupts:
    """SIGINT means something only while user code runs. Replaces PySpark's handler, which cancels the jobs of all contexts."""

    def __init__(self):
        self._command = None
        self._cancelled = None
        self._raised = threading.Event()

    def install(self):
        """Must follow the creation of the SparkContext, which installs a handler of its own."""
        signal.signal(signal.SIGINT, self._handle)

    @contextlib.contextmanager
    def during(self, command):
        self._raised.clear()
        self._command = command
        try:
            # Cancelled before it began: nothing was there to be interrupted.
            if self._cancelled == command:
                self._raise()
            yield
        finally:
            self._command = None

    @property
    def raised(self):
        return self._raised.is_set()

    def interrupt(self, command):
        """Called on the channel's thread, which reads no further command meanwhile: a late signal cannot meet the next one.

        The whole process group is signalled, as a terminal does: child processes end too. While `os.system` waits, Python ignores
        the signal; hence again until it was seen.
        """
        self._cancelled = command
        while self._command == command and not self._raised.is_set():
            os.killpg(0, signal.SIGINT)
            self._raised.wait(0.2)

    def _handle(self, signum, frame):
        if self._command is not None:
            self._raise()

    def _raise(self):
        if not self._raised.is_set():
            self._raised.set()
            raise KeyboardInterrupt
