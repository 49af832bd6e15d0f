"""Nothing in the library runs what a file or a server says."""

import ast
from pathlib import Path

import pytest

import siamese_lib

SOURCES = sorted(Path(siamese_lib.__file__).parent.rglob("*.py"))
MODULES = {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib", "cloudpickle"}
CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "system",
    "popen",
    "unsafe_load",
    "full_load",
    "enable_unsafe_deserialization",
    "read_pickle",
}
ALLOWED = {
    "re.compile",
    "learner.compile",
    "platform.system",
}  # of regular expressions, of a Keras model; the name of the system


def words_of(node):
    """`yaml.load` for the call `yaml.load(...)`."""
    return ast.unparse(node.func)


def found_in(source):
    """What must not stand in a source: a list of what it is and the line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[0] for alias in node.names} | {
                (getattr(node, "module", "") or "").split(".")[0]
            }
            found += [f"import {name}" for name in names & MODULES]
        elif isinstance(node, ast.Call):
            words, keywords = (
                words_of(node),
                {word.arg: ast.unparse(word.value) for word in node.keywords},
            )
            last = words.rpartition(".")[2]
            found += [words] if last in CALLS and words not in ALLOWED else []
            found += (
                [words]
                if words == "yaml.load"
                or (last in ("compose", "parse") and "SafeLoader" not in keywords.get("Loader", ""))
                else []
            )
            found += [words] if keywords.get("shell", "False") != "False" else []
            found += [words] if keywords.get("allow_pickle", "False") != "False" else []
            found += [words] if last == "load_model" and keywords.get("safe_mode") != "True" else []
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and "http://" in node.value
        ):
            found.append(node.value)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_source_runs_what_it_reads(path):
    assert found_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "os.system('ls')",
        "subprocess.run('ls', shell=True)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.compose(text)",
        "np.load(path, allow_pickle=True)",
        "keras.saving.load_model(path)",
        "keras.saving.load_model(path, safe_mode=False)",
        "keras.config.enable_unsafe_deserialization()",
        "fetch('http://example.org/lfw.tgz')",
    ],
)
def test_every_way_in_is_seen(source):
    assert found_in(source)
