"""Installs one library into the environment whose Python runs this: a wheel, a wheelhouse, an egg or a package of an index.

What to install comes as a JSON line on stdin, as `PythonLibrary` (driver.ts), and with it where to work: an index's address may hold a
password, which is nobody else's business. The output is pip's; a failure of ours is a line that begins as pip's do, with `ERROR: `.
"""

import contextlib
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import zipfile
from importlib.metadata import Distribution


class BadLibrary(Exception):
    """A sentence for whoever sent the library."""


def main():
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=end_with_server, args=(os.dup(0),), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    library = request["library"]
    # For what pip and builds write, too.
    os.environ["TMPDIR"] = tempfile.tempdir = request["scratch"]
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with environment(os.path.join(scratch, "before")):
                requirements = REQUIREMENTS[library["kind"]](library, scratch)
                if requirements:
                    pip(requirements)
        except (BadLibrary, OSError, zipfile.BadZipFile) as error:
            name = library.get("name") or library.get("package", "The library")
            sys.exit(f"ERROR: {name} cannot be installed: {getattr(error, 'strerror', None) or error}")


def end_with_server(stdin):
    """Its end of the pipe closes when it dies, and then nobody wants what is installed here, nor what a build has started."""
    os.read(stdin, 1)
    os.killpg(0, signal.SIGKILL)


@contextlib.contextmanager
def environment(copy):
    """Puts the environment back as it was when what happened in it fails, or when it hides what the cluster itself runs on."""
    before = origins()
    shutil.copytree(sys.prefix, copy, symlinks=True, copy_function=keep)
    try:
        yield
        after = origins()
        hidden = [name for name in OWN if after[name] != before[name]]
        if hidden:
            raise BadLibrary(f"it would take the place of {', '.join(hidden)}, which the cluster runs on.")
    except BaseException:
        broken = f"{copy} that failed"
        os.rename(sys.prefix, broken)
        os.rename(copy, sys.prefix)
        raise


def keep(file, copy):
    """Modules are replaced in an environment, never written to: links keep them. Scripts are few."""
    in_bin = os.path.dirname(file) == os.path.join(sys.prefix, "bin")
    return shutil.copy2(file, copy) if in_bin else os.link(file, copy)


def replace(file, place):
    if os.path.lexists(place):
        os.remove(place)
    return shutil.copy2(file, place)


def origins():
    """Where a Python of the cluster finds the modules that it runs on itself."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "origins.py")
    return json.loads(subprocess.run([sys.executable, program, *OWN], check=True, stdout=subprocess.PIPE, text=True).stdout)


def pip(requirements):
    constraints = os.path.join(sys.prefix, "constraints.txt")
    quiet = ["--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--progress-bar", "off", "--no-color"]
    # The user's indexes, certificates and proxies hold; where pip installs, and whether it does, is decided here, whatever their files say.
    for name in ELSEWHERE:
        os.environ.pop(f"PIP_{name}", None)
    os.environ["PIP_DRY_RUN"] = "0"
    here = ["--target=", f"--prefix={sys.prefix}", "--root=/", "--no-user"]
    sys.argv = ["pip", "install", *quiet, *here, "--constraint", constraints, *requirements]
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise


def package(library, _scratch):
    if library.get("repo"):
        os.environ["PIP_INDEX_URL"] = library["repo"]
    # Whatever a name looks like, it is none of pip's options.
    return ["--", library["package"]]


def wheel(library, scratch):
    if library["name"].endswith(".wheelhouse.zip"):
        return wheelhouse(library["file"], scratch)
    # pip reads name, version and platform from the file name.
    path = os.path.join(scratch, library["name"])
    os.symlink(library["file"], path)
    check_wheel(path)
    return ["--", path]


def wheelhouse(file, scratch):
    house = os.path.join(scratch, "house")
    unpack(file, house, lambda name: name.endswith(".whl"), MOST_WHEELS)
    wheels = [os.path.join(folder, name) for folder, _, names in os.walk(house) for name in sorted(names)]
    if not wheels:
        raise BadLibrary("there is no wheel in it.")
    for path in wheels:
        check_wheel(path)
    folders = sorted({os.path.dirname(path) for path in wheels})
    return [*(option for folder in folders for option in ("--find-links", folder)), "--", *wheels]


def egg(library, scratch):
    """Puts an egg's modules where a wheel's would be, its metadata under the name by which importlib.metadata finds it."""
    unpacked = os.path.join(scratch, "egg")
    if os.path.isdir(library["file"]):
        shutil.copytree(library["file"], unpacked, ignore=links)
    else:
        unpack(library["file"], unpacked)
    check_names(os.listdir(unpacked))
    metadata = os.path.join(unpacked, "EGG-INFO")
    if not os.path.isdir(metadata):
        raise BadLibrary("it has no EGG-INFO, so that it is no egg.")
    renamed = os.path.join(unpacked, library["name"].removesuffix(".egg") + ".egg-info")
    os.rename(metadata, renamed)
    requirements = Distribution.at(renamed).requires or []
    shutil.copytree(unpacked, sysconfig.get_path("purelib"), copy_function=replace, dirs_exist_ok=True)
    return ["--", *requirements] if requirements else []


def links(folder, names):
    """Those of them that may lead out of it."""
    return [name for name in names if os.path.islink(os.path.join(folder, name))]


def unpack(file, directory, wanted=lambda name: True, most=0):
    with zipfile.ZipFile(file) as archive:
        entries = checked_entries(archive, wanted, most or MOST_ENTRIES)
        archive.extractall(directory, entries)


def checked_entries(archive, wanted, most):
    """Those that are wanted, if they lead nowhere else and are no more than anybody packs."""
    entries = [entry for entry in archive.infolist() if wanted(entry.filename)]
    for name in archive.namelist():
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise BadLibrary(f"its entry {name!r} leads out of it.")
    if len(entries) > most:
        raise BadLibrary(f"it has {len(entries)} entries; at most {most} are unpacked.")
    size = sum(entry.file_size for entry in entries)
    if size > MOST_BYTES:
        raise BadLibrary(f"it has {size} bytes when it is unpacked; at most {MOST_BYTES} are.")
    return entries


def check_wheel(path):
    """What pip would put into the environment, and where. A wheel that is broken is for pip to tell of."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in checked_entries(archive, lambda name: True, MOST_ENTRIES)]
    except zipfile.BadZipFile:
        return
    modules = []
    for name in names:
        first, *rest = name.split("/")
        scheme, *rest = rest if first.endswith(".data") and len(rest) > 1 else ("purelib", first)
        if scheme in ("purelib", "platlib"):
            modules.append(rest[0])
        elif scheme == "data" and rest[0] not in SHARED:
            raise BadLibrary(f"its file {name} would lie among those of the environment itself.")
        elif scheme == "scripts" and rest[0].startswith(("python", "activate")):
            raise BadLibrary(f"its file {name} would take the place of the environment's own.")
    check_names(modules)


def check_names(names):
    """@param names: of what would lie beside each other where modules are looked for"""
    for name in set(names):
        metadata = re.match(r"(.+?)-.*[.](?:dist|egg)-info$", name)
        taken = metadata.group(1) if metadata else name.split(".")[0]
        if taken.lower() in (own.lower() for own in OWN):
            raise BadLibrary(f"its {name} would take the place of what the cluster runs on.")


ELSEWHERE = ("TARGET", "PREFIX", "ROOT", "USER", "DRY_RUN")

# Where wheels may put files that are no modules.
SHARED = ("share", "etc", "include", "man")

MOST_WHEELS = 1000
MOST_ENTRIES = 100_000
MOST_BYTES = 4 << 30

# What the cluster runs on, and what every Python of it runs first.
OWN = ("pyspark", "py4j", "IPython", "sitecustomize", "usercustomize")

REQUIREMENTS = {"pypi": package, "whl": wheel, "egg": egg}

main()
