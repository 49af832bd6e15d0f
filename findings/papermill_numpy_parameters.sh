#!/usr/bin/env bash
# papermill 2.7.0, numpy 2.4.6, ipykernel 7.4.0.
# papermill.execute_notebook(parameters=...) writes the parameters into a cell. What it does not
# know it writes as a string of what str() gives, without a word: NumPy's integers, float32 and
# truth values, and tuples. Numbers out of a table of settings are of these types. The worst is
# numpy.bool_(False): the notebook gets "False", which counts as true. numpy.float64 stays a
# number (it is a subclass of float), so that a first try with it looks right.
# Seen in the executed notebook: int64(3) is the str '3' (twice it is '33'), bool_(False) the str
# 'False' (true), float32(0.5) the str '0.5', the tuple (105, 105) the str '(105, 105)',
# float64(0.5) the float 0.5. In a list or a dictionary the same happens to each element.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  papermill==2.7.0 numpy==2.4.6 ipykernel==7.4.0
cd "$folder"
PATH="$folder/venv/bin:$PATH" JUPYTER_PATH="$folder/venv/share/jupyter" \
  "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import nbformat
import numpy as np
import papermill

notebook = nbformat.v4.new_notebook()
notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python", "language": "python"}
show = "for x in (seed, augment, threshold, image_size, rate):\n    print(repr(x), bool(x))"
notebook.cells = [
    nbformat.v4.new_code_cell("seed = 1", metadata={"tags": ["parameters"]}),
    nbformat.v4.new_code_cell(show + "\nprint(seed * 2)"),
]
nbformat.write(notebook, "in.ipynb")
parameters = {
    "seed": np.int64(3),
    "augment": np.bool_(False),
    "threshold": np.float32(0.5),
    "image_size": (105, 105),
    "rate": np.float64(0.5),
}
executed = papermill.execute_notebook("in.ipynb", "out.ipynb", parameters, progress_bar=False)
text = executed.cells[-1].outputs[0].text
print(text)
lines = ["'3' True", "'False' True", "'0.5' True", "'(105, 105)' True", "0.5 True", "33"]
sys.exit(text.splitlines() != lines)
PYTHON
