#!/usr/bin/env bash
# onnxruntime 1.32.0.
# A network that compares faces is served with ONNX Runtime so that it needs nothing but a small
# library and stays on the machine. The wheel from PyPI collects telemetry on Linux too, unasked: on
# the first session it writes a device number and a database of events into
# ~/.cache/Microsoft/DeveloperTools/.onnxruntime, and a session number into the temporary folder at
# the import. Nothing is printed; onnxruntime.disable_telemetry_events(), which the package offers,
# can only be called when the import has begun to collect. Privacy.md in the wheel says that it is
# on by default. Whether anything was sent was not observed here: the machine reaches no such host.
# The variable ORT_DISABLE_TELEMETRY=1, set before the import, leaves no file.
# Seen on 2026-11-30: three files by default, none with the variable.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2

left_files() { # of a session, in a home and a temporary folder of its own
  mkdir -p "$folder/$1/home" "$folder/$1/tmp"
  env -u CI -u GITHUB_ACTIONS -u XDG_CACHE_HOME HOME="$folder/$1/home" TMPDIR="$folder/$1/tmp" \
    "${@:2}" "$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

left, right, score = (
    helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("left", "right", "score")
)
graph = helper.make_graph(
    [helper.make_node("Mul", ["left", "right"], ["score"])], "pair", [left, right], [score]
)
opset = [helper.make_opsetid("", 17)]
model = helper.make_model(graph, opset_imports=opset, ir_version=9)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
sides = {name: np.ones(1, np.float32) for name in ("left", "right")}
assert session.run(None, sides)[0][0] == 1.0
PYTHON
  (cd "$folder/$1" && find . -type f | sort)
}

default=$(left_files default env)
disabled=$(left_files disabled env ORT_DISABLE_TELEMETRY=1)
printf 'by default:\n%s\nwith ORT_DISABLE_TELEMETRY=1:\n%s\n' "$default" "$disabled"
[[ $default == *onnxruntime.db* && $default == *deviceid* && -z $disabled ]]
