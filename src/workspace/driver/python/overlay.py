"""Makes the Python environment of one driver process: what is installed there is seen before what the workspace's own Python has, which stays as it is.

Run by the workspace's Python with the directory to make. `constraints.txt` in it names what no library may replace.
"""

import os
import sys
import venv
from importlib.metadata import version

directory = sys.argv[1]
venv.EnvBuilder(symlinks=True, with_pip=False).create(directory)

own = os.path.join(directory, "lib", "python{}.{}".format(*sys.version_info), "site-packages")
inherited = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
with open(os.path.join(own, "workspace.pth"), "w") as lines:
    lines.writelines(f"import site; site.addsitedir({path!r})\n" for path in inherited)

with open(os.path.join(directory, "constraints.txt"), "w") as lines:
    lines.writelines(f"{name}=={version(name)}\n" for name in ("pyspark", "py4j", "ipython"))
