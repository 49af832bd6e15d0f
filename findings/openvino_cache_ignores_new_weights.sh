#!/usr/bin/env bash
# openvino 2026.4.1.
# An OpenVINO model is two files: NAME.xml, the graph, and NAME.bin, the weights. A network that is
# trained again and exported again has the same graph, byte for byte, and other weights. `git pull`,
# rsync and the like then replace NAME.bin alone. With CACHE_DIR set, which makes a second start
# faster, `core.compile_model("NAME.xml")` goes on answering with the OLD weights, without a message:
# what it compares to know its file again does not include them.
# `core.compile_model(core.read_model("NAME.xml"))` with the same cache answers with the new ones.
# Seen on 2026-11-30: by path, from the cache, the first training's answer; read first, the second's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check openvino==2026.4.1 numpy==2.4.6
cd "$folder"
cat > export.py <<'PYTHON'
"""Exports the network of a training: one linear layer, whose weights are all `sys.argv[1]`."""
import sys

import numpy as np
import openvino
from openvino import opset13

image = opset13.parameter([-1, 8], np.float32, name="image")
weights = opset13.constant(np.full((8, 1), float(sys.argv[1]), "float32"))
model = openvino.Model([opset13.matmul(image, weights, False, False)], [image], "network")
openvino.save_model(model, sys.argv[2], compress_to_fp16=False)
PYTHON
cat > answer.py <<'PYTHON'
"""Prints the network's answer for eight ones, and whether it came from the cache."""
import sys

import numpy as np
import openvino

core = openvino.Core()
core.set_property({"CACHE_DIR": "cache"})
path = "served/network.xml"
compiled = core.compile_model(core.read_model(path) if sys.argv[1] == "read first" else path, "CPU")
answer = compiled(np.ones((1, 8), "float32"))[0].item()
print(round(answer), "from the cache" if compiled.get_property("LOADED_FROM_CACHE") else "compiled")
PYTHON
python=$folder/venv/bin/python
mkdir served again
"$python" export.py 1 served/network.xml
"$python" export.py 2 again/network.xml
cmp served/network.xml again/network.xml && echo "the graphs of both trainings are equal"

wrong=0
expect() { echo "$1: $2"; [ "$2" = "$3" ] || wrong=1; }
expect "first training, by path" "$("$python" answer.py "by path")" "8 compiled"
cp again/network.bin served/network.bin
expect "second training's weights, by path" "$("$python" answer.py "by path")" "8 from the cache"
expect "second training's weights, read first" "$("$python" answer.py "read first")" "16 compiled"
rm -r cache
expect "without the cache's files, by path" "$("$python" answer.py "by path")" "16 compiled"
exit "$wrong"
