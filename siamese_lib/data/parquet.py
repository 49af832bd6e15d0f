"""Images in files of parquet, as Hugging Face's `datasets` writes them: unpacked as LABEL/NAME."""

import json
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

ROWS_TOGETHER = 64
MAX_IMAGE_BYTES = 64 * 2**20  # as for the members of archives
UNSAFE = re.compile(r"[^\w.'-]+")  # in the name of a folder or a file


def unpack(path: Path, folder: Path) -> None:
    """Writes the images of a parquet file into a folder.

    The images are in the column of bytes and paths; the label is in the column with names of
    classes, else in one of text or whole numbers, else it is the folder in an image's path.

    Raises:
        ValueError: if pyarrow is missing, the file is damaged, or it holds no images.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError(
            f"Reading {path.name} needs the package pyarrow: pip install pyarrow. Received: {error}"
        ) from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            image, label = _image_column(file.schema_arrow, path), _label(file.schema_arrow)
            columns = [image] + ([label[0]] if label else [])
            batches = file.iter_batches(ROWS_TOGETHER, columns=columns)
            for number, row in enumerate(row for batch in batches for row in batch.to_pylist()):
                name = label[1](row[label[0]]) if label else None
                _write(row[image], name, number, folder, path)
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(
            f"{path} cannot be read as a parquet file; fetch it again or free disk space. "
            f"Received: {' '.join(str(error).split())[:200]}"
        ) from error


def _image_column(schema: Any, path: Path) -> str:
    for field in schema:
        children = {field.type.field(index).name for index in range(field.type.num_fields)}
        if {"bytes", "path"} <= children:
            return field.name
    raise ValueError(
        f"{path} has no column of images with bytes and path; give a data set of images. "
        f"Received: {', '.join(schema.names)[:200]}"
    )


def _label(schema: Any) -> tuple[str, Callable[[Any], str]] | None:
    """The column of people, and the function from its values to names."""
    described = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    for name, feature in described.get("info", {}).get("features", {}).items():
        if isinstance(feature, dict) and "names" in feature and name in schema.names:
            return name, feature["names"].__getitem__
    for kind in ("string", "int64"):
        for field in schema:
            if str(field.type).removeprefix("large_") == kind:
                return field.name, str
    return None


def _write(
    image: dict[str, Any] | None, label: str | None, number: int, folder: Path, path: Path
) -> None:
    content = (image or {}).get("bytes")
    given = PurePosixPath((image or {}).get("path") or "")
    if content is None:
        raise ValueError(
            f"{path} holds the paths of images and not the images; write it with embedded images, "
            f"or give their folder. Received: {given}"
        )
    if len(content) > MAX_IMAGE_BYTES:
        raise ValueError(f"{path}: {given} is too large for an image. Received: {len(content)}")
    suffix = ".png" if content.startswith(b"\x89PNG") else ".jpg"
    own = folder / _safe(label if label is not None else given.parent.name)
    own.mkdir(exist_ok=True)
    target = own / _safe(given.name or f"row_{number:06d}{suffix}")
    if target.exists():  # another image of that name
        target = own / f"row_{number:06d}{suffix}"
    target.write_bytes(content)


def _safe(name: str) -> str:
    """A name without anything that leads out of a folder."""
    return UNSAFE.sub("_", name).strip(".") or "unnamed"
