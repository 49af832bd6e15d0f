"""Reading and writing small files so that nothing half-written is ever read."""

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path):
    """Yields a temporary path beside `path`; when the block ends well, it becomes `path` in one step.

    A reader, or the next start after a kill, sees the old file or the new one and nothing between.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The whole suffix is kept (".weights.h5"), because Keras and NumPy choose the format by it.
    stem, dot, suffix = path.name.partition(".")
    handle, name = tempfile.mkstemp(prefix=f".{stem}-", suffix=dot + suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp gives 0600; a file of the project is as readable as any other that its user writes.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path, text):
    """Writes `text` to `path` as UTF-8 with Unix line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path, content):
    """Writes `content` as JSON, indented; NaN and infinities are refused, since JSON has none."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path):
    """Reads a JSON file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if its content is not JSON.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no such file; check the path. Received: {path}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a JSON file ({error}); restore it or delete it.") from error


def parse_yaml(path):
    """The content of a YAML file; tags that would run code are refused.

    Raises:
        ValueError: if its content is not YAML.
    """
    import yaml

    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that does not exist is a ValueError
        raise ValueError(f"{path} is not a YAML file: {' '.join(str(error).split())[:300]}") from error


def fingerprint(*parts):
    """A short hexadecimal name for anything that prints the same whenever it is the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode("utf-8"))
        digest.update(b"\0")
    return digest.hexdigest()[:16]
