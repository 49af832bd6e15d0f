"""Images in files of parquet, as Hugging Face's `datasets` writes them: unpacked as LABEL/NAME."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from siamese_lib.data.archives import MAX_MEMBER_BYTES, MAX_UNPACKED_BYTES
from siamese_lib.data.decoding import PICTURE_SUFFIXES
from siamese_lib.data.sources import FolderSource
from siamese_lib.utils.files import cached_folder, fingerprint

ROWS_TOGETHER = 4  # a few bytes of a file may stand for images of the largest size
UNSAFE = re.compile(r'[\s\x00-\x1f<>:"/\\|?*]+')  # in the name of a folder or a file


def is_shard(path: Path | str) -> bool:
    """Whether `path` has the name of a parquet file."""
    return str(path).lower().endswith(".parquet")


def open_shards(
    location: Path | str, paths: Sequence[Path], unpack_root: Path | str
) -> FolderSource:
    """Opens parquet files as one folder LABEL/NAME, which is unpacked once into `unpack_root`.

    Args:
        location: the file, or the folder of the files, for messages.
        paths: the files. Images of several files may have the same name.
        unpack_root: the folder of unpacked archives.

    Raises:
        ValueError: if pyarrow is missing, or a file is damaged or holds no images.
    """
    stats = [(path.name, path.stat()) for path in paths]
    key = fingerprint([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])

    def build(folder):
        for number, path in enumerate(paths):
            _unpack(path, folder, f"row_{number:03d}")

    unpacked = cached_folder(
        Path(unpack_root) / f"{Path(location).name.split('.')[0]}-{key}",
        read=lambda folder: folder if folder.is_dir() else None,
        build=build,
    )
    return FolderSource(unpacked, named_after=location)


def _unpack(path, folder, prefix):
    """Writes the images of a file; those without a name of their own are named by the prefix."""
    try:
        import pyarrow
    except ImportError as error:
        raise ValueError(
            f"Reading {path} needs the package pyarrow: pip install pyarrow. Received: {error}"
        ) from error
    num_bytes = 0
    try:
        for number, (label, name, content) in enumerate(_images(path)):
            num_bytes += len(content)
            if num_bytes > MAX_UNPACKED_BYTES:
                raise ValueError(
                    f"{path} unpacks to more than images of faces are; use another file. "
                    f"Received: {num_bytes} bytes"
                )
            own = folder / _safe(label) if label else folder
            own.mkdir(exist_ok=True)
            target = own / _safe(name)
            if not name or target.exists():  # another image of that name
                suffix = ".png" if content.startswith(b"\x89PNG") else ".jpg"
                target = own / f"{prefix}_{number:06d}{suffix}"
            target.write_bytes(content)
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(
            f"{path} cannot be read as a parquet file; fetch it again or free disk space. "
            f"Received: {' '.join(str(error).split())[:200]}"
        ) from error


def _safe(name: str) -> str:
    """A name without anything that leads out of a folder; accents are composed as in lists."""
    return UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip(".") or "unnamed"


def _images(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """The label, the file name and the bytes of each image; "" stands for no label or no name."""
    import pyarrow.parquet

    # With a buffer, a column of a file is not read in one piece.
    with pyarrow.parquet.ParquetFile(path, buffer_size=2**20) as file:
        image = _image_column(file.schema_arrow, path)
        columns = _other_columns(file.schema_arrow)
        for batch in file.iter_batches(ROWS_TOGETHER, columns=[image, *columns]):
            for row in batch.to_pylist():
                content = (row[image] or {}).get("bytes")
                # The path is one of the machine that wrote the file, which may be Windows.
                given = ((row[image] or {}).get("path") or "").replace("\\", "/")
                if content is None:
                    raise ValueError(
                        f"{path} holds the paths of images and not the images; write it with "
                        f"embedded images, or give their folder. Received: {given or 'no path'}"
                    )
                if len(content) > MAX_MEMBER_BYTES:
                    raise ValueError(
                        f"{path}: a member is too large for an image. "
                        f"Received: {given}, {len(content)} bytes"
                    )
                yield *_label_and_name(row, columns, PurePosixPath(given)), content


def _image_column(schema: Any, path: Path) -> str:
    from pyarrow import types

    found = [
        field.name
        for field in schema
        if types.is_struct(field.type) and {"bytes", "path"} <= {child.name for child in field.type}
    ]
    if not found:
        raise ValueError(
            f"{path} has no column of images with bytes and path; give a data set of images. "
            f"Received: {', '.join(schema.names)[:200]}"
        )
    if len(found) > 1:
        raise ValueError(
            f"{path} has several images in a row; give the file or folder with one image a row. "
            f"Received: {', '.join(found)[:200]}"
        )
    return found[0]


def _other_columns(schema: Any) -> dict[str, list[str] | None]:
    """The columns that may hold labels or names, with the names of their classes or None.

    Those of classes come first, then text. Whole numbers count only where no column has classes.
    """
    from pyarrow import types

    classes = _class_names(schema.metadata or {})
    numbers = [field.name for field in schema if types.is_integer(field.type)]
    texts = [
        field.name
        for field in schema
        if types.is_string(field.type) or types.is_large_string(field.type)
    ]
    of_classes = [name for name in numbers if name in classes]
    names = [*of_classes, *texts] if of_classes else [*texts, *numbers]
    return {name: classes.get(name) for name in names}


def _class_names(metadata: Any) -> dict[str, list[str]]:
    """The names of the classes by column, from what `datasets` writes into the schema."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"].items()
        return {name: feature["names"] for name, feature in features if "names" in feature}
    except (LookupError, TypeError, ValueError, AttributeError):  # not written by `datasets`
        return {}


def _label_and_name(row, columns, given) -> tuple[str, str]:
    """The class, else the first text or number, else the folder in the path; and the name."""
    values = [_value(row[name], classes) for name, classes in columns.items()]
    # Some sets have the name of the file in a column of text, and no path.
    files = [value for value in values if value.lower().endswith(tuple(PICTURE_SUFFIXES))]
    name = given.name or (PurePosixPath(files[0].replace("\\", "/")).name if files else "")
    if any(columns.values()):
        return values[0], name
    labels = [value for value in values if value and value not in files]
    return (labels[0] if labels else given.parent.name), name


def _value(value, classes) -> str:
    """A value as text; "" for none, and for -1, the class of images without a label."""
    if value is None or (classes is not None and not 0 <= value < len(classes)):
        return ""
    return str(value if classes is None else classes[value])
