#!/usr/bin/env bash
# gradio 6.31.0.
# A program derives a class from a Gradio component, gr.Image say, to change how an upload reaches
# its function. When the class statement is executed, Gradio writes a stub file beside the program:
# app.py gets an app.pyi in its folder, a copy of the source with the events' signatures in it. It
# does so without a word, in the user's package, in a checkout that is then no longer clean, and
# again at each start. From then on type checkers and editors read the stub in place of app.py, so
# that what was added to app.py since is unknown to them. A class derived inside a function makes
# a stub that is no valid module: the same imports many times in the middle of the function.
# Seen on 2026-11-30: app.pyi beside app.py after one run; with a changed object in place of a class
# no file is written.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check gradio==6.31.0
mkdir "$folder/derived" "$folder/changed"
cat > "$folder/derived/app.py" <<'PYTHON'
import gradio as gr


class UploadedFile(gr.Image):
    def preprocess(self, payload):
        return payload.path if payload else None


def answer():
    return 42
PYTHON
cat > "$folder/changed/app.py" <<'PYTHON'
import gradio as gr

picture = gr.Image()
picture.preprocess = lambda payload: payload.path if payload else None
PYTHON
for kind in derived changed; do
  (cd "$folder/$kind" && "$folder/venv/bin/python" -c "import app" && rm -rf __pycache__ && echo "$kind: $(ls | xargs)")
done
[[ -f $folder/derived/app.pyi && ! -e $folder/changed/app.pyi ]]
