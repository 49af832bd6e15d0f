#!/usr/bin/env bash
# gradio 6.31.0, matplotlib 3.11.2.
# gr.Plot takes a matplotlib Figure. A figure of a class that is derived from it, one that carries a
# title or a description with it, say, is refused, although it is a Figure in every respect: Gradio
# does not ask what the object is, but looks for the word "matplotlib" in the name of the module in
# which its class was written. Everything else is taken for a Plotly figure, so the message speaks
# of a missing to_json. A class of any kind in a module "my_matplotlib_tools" passes the same test.
# Seen on 2026-11-30: Figure: accepted; a subclass: AttributeError, no attribute 'to_json'; the
# subclass with another __module__: accepted.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check gradio==6.31.0 matplotlib==3.11.2
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import gradio as gr
from matplotlib.figure import Figure


class DescribedFigure(Figure):
    description = ""


def outcome(figure):
    figure.subplots().plot([0, 1])
    try:
        gr.Plot(format="png").postprocess(figure)
        return "accepted"
    except AttributeError as error:
        return f"AttributeError: {error}"


plain, described = outcome(Figure()), outcome(DescribedFigure())
print(f"Figure: {plain}\na subclass, {isinstance(DescribedFigure(), Figure)=}: {described}")
DescribedFigure.__module__ = "my_matplotlib_tools"
renamed = outcome(DescribedFigure())
print(f"the same class, its module renamed: {renamed}")
sys.exit(not (plain == renamed == "accepted" and "to_json" in described))
PYTHON
