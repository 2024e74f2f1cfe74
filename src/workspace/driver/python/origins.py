"""Prints where the modules of argv come from, as one JSON object; null for those that there are not. Imports none of them."""

import json
import sys
from importlib.util import find_spec

# Its own directory is none where users' modules are looked for.
del sys.path[0]
specs = {name: find_spec(name) for name in sys.argv[1:]}
print(json.dumps({name: spec and spec.origin for name, spec in specs.items()}))
