"""What a command prints, from this process and from its children."""

import fcntl
import io
import os
import sys
import tempfile

# The server cuts text at 10 million characters (command.ts), which are never more bytes than this.
TEXT_LIMIT = 40_000_000


class Output:
    """Points stdout and stderr, file descriptors and all, at one file: so the order of everything printed is kept."""

    def __init__(self):
        self._file = tempfile.TemporaryFile(prefix="output-")
        fcntl.fcntl(self._file, fcntl.F_SETFL, os.O_APPEND)
        os.dup2(self._file.fileno(), 1)
        os.dup2(self._file.fileno(), 2)
        sys.stdout = _stream(1)
        sys.stderr = _stream(2)

    def clear(self):
        os.ftruncate(self._file.fileno(), 0)

    def text(self):
        return os.pread(self._file.fileno(), TEXT_LIMIT, 0).decode("utf-8", "replace").removesuffix("\n")


def _stream(descriptor):
    return io.TextIOWrapper(open(descriptor, "wb", buffering=0, closefd=False), "utf-8", "backslashreplace", write_through=True)
