"""IPython, fed with one command at a time."""

import builtins
import traceback

from IPython.core.error import UsageError

from attach import Attached
from dbutils import Dbutils, NotebookExit, PythonRestart
from display import Displays
from output import Output
from shell import after_ours, make_shell


class Repl:
    """`count` is the number of commands that earlier processes of this context ran: `Out[n]` goes on from there."""

    def __init__(self, gateway, count, interrupts):
        self._interrupts = interrupts
        self._attached = attached = Attached(gateway)
        interrupts.install()
        self._displays = displays = Displays(attached)
        builtins.input = _no_input
        self._shell = make_shell(displays, count, {
            "spark": attached.spark,
            "sc": attached.sc,
            "sql": attached.spark.sql,
            "display": displays.display,
            "displayHTML": displays.html,
            "dbutils": Dbutils(attached.entry.dbutils()),
        })
        self._output = Output()

    def run(self, command, code):
        """The command's one result, in the words of `DriverResult` (driver.ts)."""
        self._output.clear()
        self._displays.clear()
        self._shell.traceback = None
        self._attached.begin(command)
        error = shown = None
        try:
            with self._interrupts.during(command):
                outcome = self._shell.run_cell(code, store_history=True)
                error = outcome.error_before_exec or outcome.error_in_exec
                if error is None:
                    shown = self._displays.result()
        except BaseException as raised:  # an interrupt between the user's code and ours, or a figure that cannot be drawn
            error = raised
        if self._interrupts.raised:
            self._attached.forget_connection()
        if isinstance(error, NotebookExit):
            return _text(error.value)
        if isinstance(error, PythonRestart):
            return {**_text(self._output.text()), "ended": True}
        if error is not None:
            self._displays.close_figures()
            return {"kind": "error", "summary": _summary(error), "cause": self._shell.traceback or _cause(error)}
        return shown or _text(self._output.text())


def _text(text):
    return {"kind": "text", "text": text}


def _cause(error):
    """For the errors that IPython does not print, or in ways of its own."""
    if isinstance(error, UsageError):
        return _summary(error)
    return "".join(traceback.format_exception(type(error), error, after_ours(error.__traceback__)))


def _summary(error):
    name = type(error).__name__
    lines = [line for line in _message(error).splitlines() if line.strip()]
    return f"{name}: {lines[0].strip()}" if lines else name


def _message(error):
    try:
        return str(error.msg or "") if isinstance(error, SyntaxError) else str(error)
    except BaseException:  # it is the code of a user, which may fail in any way
        return ""


def _no_input(prompt=""):
    raise RuntimeError("input() does not work here: a command on a cluster has no keyboard. Use dbutils.widgets or a variable instead.")
