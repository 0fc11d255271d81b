"""The first figures of a process, drawn by many sessions at once. Before, some met a pandas that was half imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MANY = """
import sys, threading
import plotly.graph_objs as go
from console.ui.charts import figures
assert "pandas" not in sys.modules
failed = []

def import_it():
    import pandas

def draw():
    try:
        figures._await_pandas()
        go.Figure({"data": [{"type": "scatter", "x": [1, 2], "y": [3, 4]}]})
    except Exception as error:
        failed.append(repr(error))

threads = [threading.Thread(target=import_it), *[threading.Thread(target=draw) for _ in range(8)]]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(failed)
"""


def test_figures_wait_for_pandas() -> None:
    done = subprocess.run([sys.executable, "-c", MANY], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
