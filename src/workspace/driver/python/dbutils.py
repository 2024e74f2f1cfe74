"""`dbutils` for Python: a thin face of the one in the JVM (Dbutils.scala)."""

from collections import namedtuple

from py4j.protocol import Py4JJavaError


class NotebookExit(BaseException):
    """How `dbutils.notebook.exit` leaves a cell; no exception that user code would catch by accident."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value


class PythonRestart(BaseException):
    """How `dbutils.library.restartPython` leaves a cell."""


FileInfo = namedtuple("FileInfo", ["path", "name", "size", "modificationTime"])


class Dbutils:
    def __init__(self, java):
        self.fs = _Fs(java.fs())
        self.widgets = _Widgets(java.widgets())
        self.notebook = _Notebook()
        self.library = _Library()
        self.secrets = _Secrets()

    def __repr__(self):
        return "dbutils: fs, widgets, notebook, library, secrets"


class _Fs:
    def __init__(self, java):
        self._java = java

    def ls(self, path="dbfs:/"):
        return [FileInfo(info.path(), info.name(), info.size(), info.modificationTime()) for info in _call(self._java.list, path)]

    def mkdirs(self, path):
        return _call(self._java.mkdirs, path)

    def put(self, file, contents, overwrite=False):
        return _call(self._java.put, file, contents, overwrite)

    def head(self, file, max_bytes=65536):
        return _call(self._java.head, file, max_bytes)

    def rm(self, path, recurse=False):
        return _call(self._java.rm, path, recurse)

    def cp(self, from_, to, recurse=False):
        return _call(self._java.cp, from_, to, recurse)

    def mv(self, from_, to, recurse=False):
        return _call(self._java.mv, from_, to, recurse)


class _Widgets:
    def __init__(self, java):
        self._java = java

    def text(self, name, defaultValue, label=None):
        self._java.put(name, defaultValue)

    def combobox(self, name, defaultValue, choices, label=None):
        self._java.put(name, defaultValue)

    def dropdown(self, name, defaultValue, choices, label=None):
        if defaultValue not in choices:
            raise ValueError(f"The default {defaultValue} of the widget {name} is not among its choices.")
        self._java.put(name, defaultValue)

    multiselect = dropdown

    def get(self, name):
        return _call(self._java.get, name)

    def remove(self, name):
        _call(self._java.remove, name)

    def removeAll(self):
        self._java.removeAll()


class _Notebook:
    def exit(self, value):
        raise NotebookExit(str(value))


class _Library:
    def restartPython(self):
        raise PythonRestart


class _Secrets:
    def get(self, scope, key):
        raise NotImplementedError(
            f"The embedded workspace holds no secrets: scope {scope}, key {key}. Read the value from the environment instead.")

    def listScopes(self):
        return []


def _call(method, *arguments):
    """Java's own words without Py4J's and the JVM's stack around them."""
    try:
        return method(*arguments)
    except Py4JJavaError as error:
        message = error.java_exception.getMessage() or error.java_exception.toString()
        kind = {"java.io.FileNotFoundException": FileNotFoundError, "java.util.NoSuchElementException": KeyError}
        raise kind.get(error.java_exception.getClass().getName(), OSError)(message) from None
