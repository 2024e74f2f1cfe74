"""The IPython shell of a context."""

import os
import subprocess

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config


_OURS = os.path.dirname(os.path.abspath(__file__))


def make_shell(displays, count, namespace):
    """`displays` gets what IPython's own `display` publishes."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.enable_tip = False
    shell = _Shell.instance(config=config, user_ns=namespace)
    shell.display_pub.displays = displays
    shell.execution_count = count + 1
    shell.set_hook("show_in_pager", _show_in_pager, 0)
    return shell


class _Publisher(DisplayPublisher):
    displays = None

    def publish(self, data, metadata=None, **rest):
        if self.displays is not None:
            self.displays.publish(data)


class _Shell(InteractiveShell):
    displayhook_class = Type(DisplayHook)
    display_pub_class = Type(_Publisher)
    traceback = None

    def _get_exc_info(self, exc_tuple=None):
        kind, error, frames = super()._get_exc_info(exc_tuple)
        _cut_before(_OURS, frames)
        return kind, error, frames

    def _showtraceback(self, etype, evalue, stb):
        self.traceback = self.InteractiveTB.stb2text(stb)

    def system(self, command):
        """`!command`, on our own stdout rather than a terminal of its own; an interrupt ends the cell, not just the command."""
        self.user_ns["_exit_code"] = subprocess.call(self.var_expand(command, depth=1), shell=True)

    def enable_matplotlib(self, gui=None):
        """`%matplotlib`: open figures are shown at the end of a command whatever it asks for, and there is no window to open."""
        return "inline", "inline"

    def ask_exit(self):
        print("A context is not left with exit(): dbutils.notebook.exit(value) ends a command with a result.")


def _cut_before(directory, frames):
    """Drops the frames of a traceback from the first one in `directory` on: where user code called ours is what its author can use."""
    while frames is not None and frames.tb_next is not None:
        if os.path.dirname(frames.tb_next.tb_frame.f_code.co_filename) == directory:
            frames.tb_next = None
        frames = frames.tb_next


def after_ours(frames):
    """A traceback without our own frames at its beginning."""
    while frames is not None and os.path.dirname(frames.tb_frame.f_code.co_filename) == _OURS:
        frames = frames.tb_next
    return frames


def _show_in_pager(shell, data, start=0, screen_lines=0):
    print(data["text/plain"] if isinstance(data, dict) else data)
