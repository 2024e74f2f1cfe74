"""Parameters for SQL notebooks: papermill translates them for Python and Scala, and with this for SQL.

As a command it is papermill itself, with all of its options:

    python papermill_sql.py report.ipynb june.ipynb -p place "O'Hare" -p days 30

In a program, importing it is enough:

    import papermill, papermill_sql
    papermill.execute_notebook("report.ipynb", "june.ipynb", {"place": "O'Hare", "days": 30})

A parameter becomes a session variable (Spark 4, Databricks Runtime 14.1 and later), which any later cell can use:
`SELECT * FROM trips WHERE origin = place`. A name becomes a table by `IDENTIFIER(name)`. The defaults stand in the
cell tagged `parameters`, one a line:

    DECLARE OR REPLACE VARIABLE days INT = 7; -- how far to look back
"""

import math
import re
import sys

from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators


class SqlTranslator(Translator):
    """Lists become arrays and dictionaries structs (`name.key`); what SQL has no literal for becomes its text."""

    DECLARATION = re.compile(
        r"""\s* declare \s+ (or \s+ replace \s+)? (variable \s+)? (?P<name> `[^`]+` | \w+) \s*
            (?P<type> (?!default\b) [^=;'-]*? ) \s*
            ( (= | \b default \b) \s* (?P<default> ('[^']*' | "[^"]*" | -(?!-) | [^;'"-])*? ) )? \s*
            ;? \s* (-- \s* (?P<help> .*))? $""",
        re.IGNORECASE | re.VERBOSE,
    )

    @classmethod
    def translate_none(cls, val):
        return "NULL"

    @classmethod
    def translate_float(cls, val):
        return f"{val}D" if math.isfinite(val) else f"DOUBLE('{val}')"

    @classmethod
    def translate_escaped_str(cls, str_val):
        # Escaped is also what is no end of a string, but something to whoever splits statements at ';' or puts widgets' values in for '$'.
        return "'" + "".join(c if c.isprintable() and c not in "'\\;$" else cls.escape(ord(c)) for c in str(str_val)) + "'"

    @staticmethod
    def escape(code_point):
        return f"\\u{code_point:04x}" if code_point < 0x10000 else f"\\U{code_point:08x}"

    @classmethod
    def translate_list(cls, val):
        return f"ARRAY({', '.join(cls.translate(item) for item in val)})"

    @classmethod
    def translate_dict(cls, val):
        return f"NAMED_STRUCT({', '.join(f'{cls.translate_str(key)}, {cls.translate(item)}' for key, item in val.items())})"

    @classmethod
    def comment(cls, cmt_str):
        return f"-- {cmt_str}"

    @classmethod
    def assign(cls, name, str_val):
        quoted = name.replace("`", "``")
        return f"DECLARE OR REPLACE VARIABLE `{quoted}` = {str_val};"

    @classmethod
    def inspect(cls, parameters_cell):
        found = filter(None, map(cls.DECLARATION.match, parameters_cell["source"].splitlines()))
        return [
            Parameter(each["name"].strip("`"), each["type"] or "None", each["default"] or "NULL", each["help"] or "")
            for each in found
        ]


papermill_translators.register("sql", SqlTranslator)

if __name__ == "__main__":
    from papermill.__main__ import papermill

    sys.exit(papermill())
