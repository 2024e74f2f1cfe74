"""Runs jupyter_kernel_test, Jupyter's own conformance suite, on the kernelspec of one language.

    python kernel_suite.py LANGUAGE

Prints {test: {"outcome": "passed" | "failed" | "skipped", "detail": text}} as JSON. What happens outside of a test is an error: exit code 1.
"""

import json
import os
import sys
import unittest

from jupyter_kernel_test import IopubWelcomeTests, KernelTests

# Seconds. The suite's own limit of 15 s is too short for the first Spark job, Scala compilation or plot on a machine that is busy.
CELL_TIMEOUT = 300


class WarmKernelTests(KernelTests):
    """Every test shares one kernel. Its first cell waits for the workspace, and tells so, which no test expects: it is over before them."""

    first_cell = ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        assert cls.km.kernel_spec.resource_dir.startswith(os.environ["JUPYTER_PATH"]), cls.km.kernel_spec.resource_dir
        reply = cls.kc.execute_interactive(cls.first_cell, timeout=CELL_TIMEOUT, output_hook=lambda message: None)
        assert reply["content"]["status"] == "ok", reply["content"]

    def execute_helper(self, code, **options):
        return super().execute_helper(code, timeout=CELL_TIMEOUT, **options)

    supported_history_operations = ("tail", "range", "search")
    code_page_something = "%sql?"
    code_inspect_sample = "%config"

    # code_stderr: the API returns what a command printed as one text, which does not say what was stderr.
    # code_clear_output: API 1.2 has no message for it.


class Python(WarmKernelTests):
    kernel_name = "databricks-python"
    language_name = "python"
    file_extension = ".py"
    first_cell = "answer = 42"
    code_hello_world = "print('hello, world')"
    completion_samples = [
        {"text": "ans", "matches": ["answer"]},
        {"text": "if answer: contin", "matches": ["continue"]},
        {"text": "%lsm", "matches": ["%lsmagic"]},
        {"text": "%config table.", "matches": ["table.json=", "table.rows="]},
        {"text": "%sql\nselect * from t wher", "matches": ["WHERE"]},
        {"text": "answer.", "matches": []},
    ]
    complete_code_samples = ["1", "for i in [1]: print(i)", "def f():\n    return 1\n", "%sql select 1"]
    incomplete_code_samples = ["def f():", "f(1,", "'''open", "%sql"]
    invalid_code_samples = ["7q", "f(1]"]
    code_generate_error = "1 / 0"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "answer - 2 * 20", "result": "2"},
        {"code": "%python 6 * 9", "result": "54"},
    ]
    code_display_data = [
        {"code": "display(spark.range(2))", "mime": "text/html"},
        {"code": "displayHTML('<b>bold</b>')", "mime": "text/html"},
        {"code": "import matplotlib.pyplot as plt; plt.plot([1, 4, 9]);", "mime": "image/png"},
        {"code": "%sql select 1 as one", "mime": "text/html"},
        {"code": "%md *text*", "mime": "text/markdown"},
    ]
    code_history_pattern = "answer - ? ?*"


class Scala(WarmKernelTests):
    kernel_name = "databricks-scala"
    language_name = "scala"
    file_extension = ".sc"
    first_cell = "val answer = 42"
    code_hello_world = 'println("hello, world")'
    completion_samples = [
        {"text": "ans", "matches": ["answer"]},
        {"text": "if (answer > 1) prot", "matches": ["protected"]},
        {"text": "%lsm", "matches": ["%lsmagic"]},
        {"text": "%python\nif answer: contin", "matches": ["continue"]},
        {"text": "answer.", "matches": []},
    ]
    complete_code_samples = ["1", "case class P(a: Int)", "def f = {\n  1\n}", "%python 1"]
    incomplete_code_samples = ["def f = {", "f(1,", '"""open', "%python for i in range(3):"]
    invalid_code_samples = ["f(1))", 'val s = "open']
    code_generate_error = 'sys.error("no luck")'
    # Without "result" where the text begins with a name, resN, that counts up.
    code_execute_result = [
        {"code": "6 * 7"},
        {"code": "answer - 2 * 20"},
        {"code": "%python 6 * 9", "result": "54"},
    ]
    code_display_data = [
        {"code": "display(spark.range(2))", "mime": "text/html"},
        {"code": 'displayHTML("<b>bold</b>")', "mime": "text/html"},
        {"code": "%sql select 1 as one", "mime": "text/html"},
    ]
    code_history_pattern = "answer - ? ?*"


class Sql(WarmKernelTests):
    kernel_name = "databricks-sql"
    language_name = "sql"
    file_extension = ".sql"
    first_cell = "create temp view answers as select 42 as n"
    # SQL prints nothing and its tables are displayed; what is printed, and values, come from the other languages' cells.
    code_hello_world = "%python print('hello, world')"
    completion_samples = [
        {"text": "ans", "matches": ["answers"]},
        {"text": "select * from answers wher", "matches": ["WHERE"]},
        {"text": "%lsm", "matches": ["%lsmagic"]},
        {"text": "%scala\nprot", "matches": ["protected"]},
    ]
    complete_code_samples = ["select 1", "show tables", "select 1;", "select * from answers"]
    incomplete_code_samples = ["select n from", "select (1,", "select 'open", "/* open"]
    invalid_code_samples = ["select 1)"]
    code_generate_error = "select n from nowhere"
    code_execute_result = [
        {"code": "%python 6 * 7", "result": "42"},
        {"code": "%python spark.table('answers').first().n", "result": "42"},
        {"code": "%python 6 * 9", "result": "54"},
    ]
    code_display_data = [
        {"code": "select * from answers", "mime": "text/html"},
        {"code": "select * from answers", "mime": "text/plain"},
        {"code": "%scala display(spark.range(2))", "mime": "text/html"},
    ]
    code_history_pattern = "*table('answers')*"


LANGUAGES = {"python": Python, "scala": Scala, "sql": Sql}


def welcome(tests):
    """The suite's test of `iopub_welcome`, on a fresh kernel of the same kernelspec."""
    return type("Welcome", (IopubWelcomeTests,), {"kernel_name": tests.kernel_name, "support_iopub_welcome": True})


def method(test):
    """The name of the test method that a test, or a part of it (`subTest`), belongs to; None for a class's set-up."""
    return getattr(getattr(test, "test_case", test), "_testMethodName", None)


def main(language):
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    tests = LANGUAGES[language]
    cases = [*load(tests), *load(welcome(tests))]
    outcomes = {method(case): {"outcome": "passed", "detail": ""} for case in cases}
    result = unittest.TestResult()
    unittest.TestSuite(cases).run(result)
    reports = [("skipped", result.skipped), ("failed", result.failures), ("failed", result.errors)]
    for outcome, entries in reports:
        for test, detail in entries:
            if method(test) is None:
                sys.exit(detail)
            outcomes[method(test)] = {"outcome": outcome, "detail": outcomes[method(test)]["detail"] + detail}
    assert result.testsRun == len(outcomes), f"{result.testsRun} tests ran, not {len(outcomes)}"
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(sys.argv[1])
