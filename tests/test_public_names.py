"""The public names: lazily imported, described, documented, typed; packages without TensorFlow."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import siamese_lib

FOLDER = Path(siamese_lib.__file__).parent
PACKAGES = sorted(path.parent.name for path in FOLDER.glob("*/__init__.pyi"))
NAMES = [
    (package, name)
    for package in PACKAGES
    for name in importlib.import_module(f"siamese_lib.{package}").__all__
]


def in_a_fresh_process(code):
    """What a new Python prints that has the library but nothing imported."""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER.parent
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def test_the_root_offers_the_facade_and_every_package():
    facade = {
        "ExperimentConfig", "load_dataset", "train", "Run", "Verifier", "Sweep", "run_sweep",
    }  # fmt: skip
    assert set(siamese_lib.__all__) == facade | set(PACKAGES) <= set(dir(siamese_lib))


def test_the_import_loads_nothing_but_itself():
    heavy = "'numpy', 'pandas', 'tensorflow', 'keras', 'matplotlib', 'siamese_lib.config'"
    code = f"import sys, siamese_lib; print([name for name in ({heavy}) if name in sys.modules])"
    assert in_a_fresh_process(code) == "[]"


@pytest.mark.parametrize("package", ["data", "evaluation", "plots"])
def test_a_package_works_without_tensorflow(package):
    modules = [
        f"siamese_lib.{package}.{path.stem}"
        for path in (FOLDER / package).glob("*.py")
        if path.stem != "__init__"
    ]
    code = f"import importlib, sys; [importlib.import_module(name) for name in {modules}]; "
    code += "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    assert in_a_fresh_process(code) == "[]"


def test_commands_are_listed_without_tensorflow_and_matplotlib():
    code = (
        "import sys, siamese_lib.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n"
    )
    code += "print([name for name in ('tensorflow', 'matplotlib') if name in sys.modules])"
    assert in_a_fresh_process(code).splitlines()[-1] == "[]"


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_an_editor_and_the_type_checker_see_the_names_that_are_imported(package):
    """The stub, which editors and mypy read, has the names that are imported on first use."""
    module = importlib.import_module(f"siamese_lib.{package}".rstrip("."))
    stub = ast.parse(Path(module.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    sources = {alias.name: node.module for node in imports for alias in node.names}
    assert sorted(sources) == sorted(module.__all__)
    for name, source in sources.items():
        if source:
            found = importlib.import_module(f".{source}", module.__name__)
            assert getattr(module, name) is getattr(found, name)


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_a_package_describes_each_of_its_names_in_a_line(package):
    module = importlib.import_module(f"siamese_lib.{package}".rstrip("."))
    for name in module.__all__:
        assert re.search(rf"^(\w+, )*{name}(, \w+)* +\S+", module.__doc__, re.MULTILINE), name


@pytest.mark.parametrize(("package", "name"), NAMES, ids=lambda value: value)
def test_a_public_name_has_a_docstring_and_type_hints(package, name):
    value = getattr(importlib.import_module(f"siamese_lib.{package}"), name)
    if not callable(value) or isinstance(value, typing._GenericAlias):
        return  # a constant
    assert inspect.getdoc(value), f"{package}.{name} has no docstring"
    functions = [value]
    if inspect.isclass(value):
        functions = [
            member
            for key, member in vars(value).items()
            if inspect.isfunction(member)
            and not key.startswith("_")
            and member.__module__.startswith("siamese_lib")
        ]
    for function in functions:
        for parameter in inspect.signature(function).parameters.values():
            assert parameter.name in ("self", "cls") or parameter.annotation is not parameter.empty
        assert "return" in function.__annotations__, f"{function.__qualname__} returns what?"
