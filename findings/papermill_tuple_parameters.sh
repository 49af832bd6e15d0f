#!/usr/bin/env bash
# papermill 2.7.0, nbformat 5.11.1, ipykernel 7.4.0.
# papermill.execute_notebook(parameters={"image_size": (105, 105)}) gives the notebook no tuple, but
# the string "(105, 105)", without a word: what its translator for Python does not know is written
# as the string of str(), and it knows lists, not tuples. Inside lists and dictionaries tuples
# become strings as well, and integer keys of a dictionary become strings too. The saved notebook
# does not show it: its metadata record the parameter as the list [105, 105].
# (NumPy's integers, float32 and truth values are refused, with a TypeError of json.)
# Seen on 2026-11-27 in the executed notebook: image_size is the str '(105, 105)' of length 10,
# seeds is ['(1, 2)'], names is {'1': 'Ann'}; metadata.papermill.parameters has image_size [105,
# 105].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  papermill==2.7.0 nbformat==5.11.1 ipykernel==7.4.0
cd "$folder"
PATH="$folder/venv/bin:$PATH" JUPYTER_PATH="$folder/venv/share/jupyter" \
  "$folder/venv/bin/python" - <<'PYTHON'
import sys

import nbformat
import papermill

notebook = nbformat.v4.new_notebook()
notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python", "language": "python"}
notebook.cells = [
    nbformat.v4.new_code_cell("image_size = seeds = names = None", metadata={"tags": ["parameters"]}),
    nbformat.v4.new_code_cell("print([image_size, len(image_size), seeds, names])"),
]
nbformat.write(notebook, "in.ipynb")
parameters = {"image_size": (105, 105), "seeds": [(1, 2)], "names": {1: "Ann"}}
papermill.execute_notebook("in.ipynb", "out.ipynb", parameters, progress_bar=False)
saved = nbformat.read("out.ipynb", as_version=4)
text = saved.cells[-1].outputs[0].text.strip()
recorded = saved.metadata.papermill.parameters.image_size
print("given:", parameters)
print("in the notebook [image_size, its length, seeds, names]:", text)
print("image_size as recorded in the metadata:", recorded)
expected = ["(105, 105)", 10, ["(1, 2)"], {"1": "Ann"}]
sys.exit(text != repr(expected) or recorded != [105, 105])
PYTHON
