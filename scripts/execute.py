"""Runs notebooks without a browser on the kernels that they name, and prints every output as text.

    python scripts/execute.py NOTEBOOK... [--write]

Exit code 1 when a cell failed, 2 when a notebook could not be run at all. Notebooks stay as they are without --write.
"""
import argparse
import atexit
import re
import signal
import sys
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from tqdm import tqdm

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class CannotRun(Exception):
    """A sentence for the user."""


def read(path):
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        return notebook
    except FileNotFoundError:
        raise CannotRun(f"{path}: no such file.") from None
    except OSError as error:
        raise CannotRun(f"{path}: {error.strerror}.") from None
    except Exception as error:  # nbformat has a dozen ways to say it
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise CannotRun(f"{path} is not a notebook: {reason[0][:200]}") from None


def kernel_of(path, notebook):
    name = notebook.metadata.get("kernelspec", {}).get("name")
    installed = sorted(KernelSpecManager().find_kernel_specs())
    if name is None:
        raise CannotRun(f"{path} names no kernel. Installed are: {', '.join(installed)}.")
    if name not in installed:
        raise CannotRun(f'{path} wants the kernel "{name}", which is not installed. Installed are: {", ".join(installed)}.')
    return name


def text_of(output):
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
    return output.data.get("text/plain") or f"[{', '.join(output.data)}]"


def show(text):
    if not text:
        return
    tqdm.write((text if sys.stdout.isatty() else ANSI.sub("", text)).rstrip("\n"), file=sys.stdout)
    sys.stdout.flush()


def run(path, write):
    """Runs one notebook; returns whether all of its cells ended as they should."""
    notebook = read(path)
    kernel = kernel_of(path, notebook)
    cells = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]

    def started(cell, cell_index):
        if bar.disable:
            show(f"cell {cells.index(cell_index) + 1} of {len(cells)}")

    def executed(cell, cell_index, execute_reply):
        for output in cell.outputs:
            show(text_of(output))
        bar.update()

    client = NotebookClient(
        notebook,
        kernel_name=kernel,
        timeout=None,
        record_timing=False,
        resources={"metadata": {"path": str(path.resolve().parent)}},
        on_cell_execute=started,
        on_cell_executed=executed,
    )
    # Where stderr is no terminal (disable=None), a bar would be one line for each of its states.
    with tqdm(total=len(cells), desc=path.name, unit="cell", disable=None) as bar:
        if bar.disable:
            show(f"{path}: {len(cells)} cells on {kernel}")
        try:
            client.execute()
            ok = True
        except CellExecutionError as error:
            failure = f"{error.ename}: {ANSI.sub('', error.evalue)}"
            ok = False
        except DeadKernelError:
            raise CannotRun(f"{path}: the kernel died.") from None
        except (RuntimeError, OSError) as error:
            # nbclient would clean up again on the way out, and fail with a traceback.
            atexit.unregister(client._cleanup_kernel)
            raise CannotRun(f"{path}: its kernel does not start: {error}") from None
    if not ok:
        print(f"{path}: a cell failed: {failure}", file=sys.stderr)
    if write:
        nbformat.write(notebook, path)
    return ok


def interrupt(signum, frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="npm start -- --execute")
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true", help="save the outputs in the notebooks")
    options = parser.parse_args()
    # So that the kernel is shut down on the way out, whoever ends this.
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return 0 if all([run(path, options.write) for path in options.notebooks]) else 1
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
