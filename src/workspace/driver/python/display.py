"""`display`, `displayHTML` and plots. A command has one result: all of its figures, or else what was displayed last."""

import base64
import io
import json
import sys

TABLE_ROWS = 1000


class Displays:
    def __init__(self, attached):
        self._attached = attached
        self.clear()

    def clear(self):
        self._shown = None
        self._images = []

    def display(self, value):
        if _is(value, "pyspark.sql", "DataFrame"):
            self._shown = json.loads(self._attached.entry.table(value._jdf))
        elif _is(value, "pandas", "DataFrame"):
            # One row more than is shown, so that the table is known to be cut.
            self.display(self._spark_rows(value.head(TABLE_ROWS + 1)) if len(value) > 0 else self._no_rows(value.columns))
        elif _is(value, "matplotlib.figure", "Figure"):
            self._images.append(_png(value))
            sys.modules["matplotlib.pyplot"].close(value)
        elif callable(getattr(value, "_repr_html_", None)) and (html := value._repr_html_()):
            self.html(html)
        else:
            print(value)

    def _spark_rows(self, frame):
        try:
            return self._attached.spark.createDataFrame(frame)
        except Exception:  # pandas columns may hold anything, and Spark's need a type
            return self._attached.spark.createDataFrame(frame.astype({name: str for name in frame.select_dtypes("object")}))

    def _no_rows(self, names):
        # Without values there are no types to be inferred, which Spark refuses.
        from pyspark.sql.types import StringType, StructField, StructType

        return self._attached.spark.createDataFrame([], StructType([StructField(str(name), StringType()) for name in names]))

    def html(self, html):
        self._shown = {"kind": "text", "text": str(html)}

    def publish(self, bundle):
        """What IPython's own display functions send."""
        if "image/png" in bundle:
            data = bundle["image/png"]
            self._images.append(_data_url(data if isinstance(data, bytes) else base64.b64decode(data)))
        elif "text/html" in bundle:
            self.html(bundle["text/html"])
        elif "text/plain" in bundle:
            print(bundle["text/plain"])

    def result(self):
        self._images += [_png(figure) for figure in self.close_figures()]
        return {"kind": "image", "fileNames": self._images} if self._images else self._shown

    def close_figures(self):
        """The figures that user code left open, which are closed now."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return []
        figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
        pyplot.close("all")
        return figures


def _is(value, module, name):
    """Whether `value` is of a class by that public name, without importing what user code has not imported."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(value, kind)


def _png(figure):
    image = io.BytesIO()
    figure.savefig(image, format="png", bbox_inches="tight")
    return _data_url(image.getvalue())


def _data_url(image):
    return "data:image/png;base64," + base64.b64encode(image).decode()
