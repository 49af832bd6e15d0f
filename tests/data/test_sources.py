"""Folders, zip and tar archives are read in the same way; bad archives are refused.

A damaged or hostile archive leaves no file behind.
"""

import io
import os
import tarfile
import threading
import tracemalloc
import zipfile

import numpy as np
import pytest

from siamese_lib.data import archives
from siamese_lib.data.archives import open_source
from siamese_lib.data.sources import is_archive

# Random bytes cannot be compressed, so that damage affects them and not only the headers.
FILES = {
    f"lfw2/Ada/Ada_000{number}.jpg": np.random.default_rng(number).bytes(3000)
    for number in (1, 2, 3)
}
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


def write_folder(path):
    for name, content in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)


def write_zip(path, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("lfw2/", "")
        for name, content in FILES.items():
            archive.writestr(name, content)


def write_tar(path, extra=()):
    """A tar archive of FILES; `extra` are `TarInfo`s that come after them."""
    mode = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}[path.suffix]
    with tarfile.open(path, mode) as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member, io.BytesIO(bytes(member.size)))


def write_source(path):
    if not path.suffix:
        write_folder(path)
    else:
        (write_zip if path.suffix.lower() == ".zip" else write_tar)(path)
    return path


@pytest.mark.parametrize(
    "name", ["lfwa", "lfwa.zip", "LFWA.ZIP", *(f"lfwa{suffix}" for suffix in TAR_SUFFIXES)]
)
def test_every_kind_of_source_is_read_in_the_same_way(tmp_path, name):
    source = open_source(write_source(tmp_path / name), tmp_path / "unpacked")
    assert source.names() == sorted(FILES)
    assert {name: source.read(name) for name in source.names()} == FILES
    assert source.location == tmp_path / name


@pytest.mark.parametrize("name", ["lfwa", "lfwa.zip", "lfwa.tar"])
def test_hidden_files_are_ignored(tmp_path, monkeypatch, name):
    hidden = ("lfw2/Ada/._Ada_0001.jpg", ".trash/Ada_0001.jpg", "__MACOSX/lfw2/Ada_0001.jpg")
    with monkeypatch.context() as patch:
        for number, path in enumerate(hidden):
            patch.setitem(FILES, path, bytes([number]))
        path = write_source(tmp_path / name)
    assert open_source(path, tmp_path / "unpacked").names() == sorted(FILES)


def test_a_deflated_zip_is_read_too(tmp_path):
    write_zip(tmp_path / "lfwa.zip", zipfile.ZIP_DEFLATED)
    assert (
        open_source(tmp_path / "lfwa.zip", tmp_path).read("lfw2/Ada/Ada_0001.jpg")
        == FILES["lfw2/Ada/Ada_0001.jpg"]
    )


def test_a_zip_is_read_by_many_threads_at_once(tmp_path):
    source = open_source(write_source(tmp_path / "lfwa.zip"), tmp_path)
    wrong = []

    def read_all():
        for _ in range(20):
            wrong.extend(name for name, content in FILES.items() if source.read(name) != content)

    threads = [threading.Thread(target=read_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_tar_is_unpacked_once(tmp_path):
    path = write_source(tmp_path / "lfwa.tar.gz")
    first = open_source(path, tmp_path / "unpacked")
    (first.root / "mark").touch()
    assert open_source(path, tmp_path / "unpacked").root == first.root
    assert (first.root / "mark").exists()


def test_a_changed_tar_is_unpacked_again(tmp_path):
    path = write_source(tmp_path / "lfwa.tar")
    first = open_source(path, tmp_path / "unpacked")
    os.utime(path, (1, 1))
    assert open_source(path, tmp_path / "unpacked").root != first.root


@pytest.mark.parametrize("name", ["lfwa", "lfwa.zip", "lfwa.tar"])
def test_the_fingerprint_changes_when_a_file_does(tmp_path, name):
    path = write_source(tmp_path / name)
    names = sorted(FILES)
    before = open_source(path, tmp_path / "unpacked").fingerprint(names)
    assert open_source(path, tmp_path / "unpacked").fingerprint(names) == before
    assert open_source(path, tmp_path / "unpacked").fingerprint(names[:2]) != before
    os.utime(path / names[0] if path.is_dir() else path, (1, 1))
    assert open_source(path, tmp_path / "unpacked").fingerprint(names) != before


def link(kind):
    member = tarfile.TarInfo("lfw2/Ada/Ada_0009.jpg")
    member.type, member.linkname = kind, "/etc/hostname"
    return member


def named(name, size=0):
    member = tarfile.TarInfo(name)
    member.size = size
    return member


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(link(tarfile.SYMTYPE), id="symbolic link"),
        pytest.param(link(tarfile.LNKTYPE), id="hard link"),
        pytest.param(link(tarfile.FIFOTYPE), id="pipe"),
        pytest.param(link(tarfile.CHRTYPE), id="device"),
        pytest.param(link(tarfile.GNUTYPE_SPARSE), id="file with holes"),
        pytest.param(named("../escaped.jpg"), id="parent folder"),
        pytest.param(named("lfw2/../../escaped.jpg"), id="parent folder further in"),
        pytest.param(named("/escaped.jpg"), id="absolute path"),
    ],
)
def test_a_tar_with_forbidden_members_leaves_no_file_behind(tmp_path, member):
    path = tmp_path / "source" / "lfwa.tar"
    path.parent.mkdir()
    write_tar(path, [member])
    with pytest.raises(ValueError, match="a link, a device or a path that leads outside"):
        open_source(path, tmp_path / "unpacked")
    assert [item.name for item in (tmp_path / "unpacked").iterdir()] == [".lock"]
    assert {item.name for item in tmp_path.iterdir()} == {"source", "unpacked"}


@pytest.mark.parametrize("name", ["lfwa.tar", "lfwa.zip"])
def test_a_member_larger_than_an_image_is_refused(tmp_path, monkeypatch, name):
    path = write_source(tmp_path / name)
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 2999)
    with pytest.raises(ValueError, match=r"too large for an image.*3000 bytes"):
        open_source(path, tmp_path / "unpacked").read("lfw2/Ada/Ada_0001.jpg")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_larger_than_announced_does_not_fill_the_memory(tmp_path, compression):
    path, num_bytes = tmp_path / "lfwa.zip", 64 * 2**20
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("lfw2/Ada/Ada_0001.jpg", bytes(num_bytes))
    path.write_bytes(
        path.read_bytes().replace(num_bytes.to_bytes(4, "little"), (3000).to_bytes(4, "little"))
    )
    source = open_source(path, tmp_path)
    tracemalloc.start()
    with pytest.raises(
        ValueError,
        match=r"lfwa\.zip: lfw2/Ada/Ada_0001\.jpg (cannot be read|is packed in a rare way)",
    ):
        source.read("lfw2/Ada/Ada_0001.jpg")
    assert tracemalloc.get_traced_memory()[1] < num_bytes / 2
    tracemalloc.stop()


def test_a_zip_of_a_later_version_is_named(tmp_path):
    write_zip(tmp_path / "lfwa.zip")
    content = bytearray((tmp_path / "lfwa.zip").read_bytes())
    content[content.find(b"PK\x01\x02") + 6] = 99  # the version that reading a member requires
    (tmp_path / "lfwa.zip").write_bytes(content)
    with pytest.raises(ValueError, match=r"lfwa\.zip cannot be read as a zip archive"):
        open_source(tmp_path / "lfwa.zip", tmp_path)


def test_reading_a_zip_writes_no_file_whatever_the_names(tmp_path):
    with zipfile.ZipFile(tmp_path / "lfwa.zip", "w") as archive:
        for name in ("../escaped.jpg", "/escaped.jpg", "lfw2/../../escaped.jpg"):
            archive.writestr(name, b"image")
    source = open_source(tmp_path / "lfwa.zip", tmp_path / "unpacked")
    assert {source.read(name) for name in source.names()} == {b"image"}
    assert [path.name for path in tmp_path.iterdir()] == ["lfwa.zip"]


@pytest.mark.parametrize("suffix", TAR_SUFFIXES)
def test_a_tar_that_unpacks_to_more_than_any_dataset_is_refused(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"lfwa{suffix}"
    write_tar(path, [named(f"lfw2/Ada/Ada_{number:04}.jpg", 100_000) for number in range(10, 40)])
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 2**20)
    with pytest.raises(ValueError, match="unpacks to more than images of faces are"):
        open_source(path, tmp_path / "unpacked")
    assert [item.name for item in (tmp_path / "unpacked").iterdir()] == [".lock"]


def test_a_name_that_is_longer_than_an_image_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 50_000)
    write_tar(tmp_path / "lfwa.tar.gz", [named("a" * 100_000)])
    with pytest.raises(ValueError, match="unpacks to more than images of faces are"):
        open_source(tmp_path / "lfwa.tar.gz", tmp_path / "unpacked")


def test_a_tar_is_recognised_by_its_content_whatever_its_name(tmp_path):
    write_tar(tmp_path / "lfwa.tar")
    (tmp_path / "lfwa.tar").rename(tmp_path / "lfwa.tgz")
    assert open_source(tmp_path / "lfwa.tgz", tmp_path / "unpacked").names() == sorted(FILES)


@pytest.mark.parametrize("suffix", TAR_SUFFIXES)
@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_a_damaged_tar_is_named_and_leaves_no_file_behind(tmp_path, suffix, damage):
    path = write_source(tmp_path / f"lfwa{suffix}")
    content = path.read_bytes()
    path.write_bytes(
        {"cut": content[: len(content) // 2], "text": b"<html>not found</html>", "empty": b""}[
            damage
        ]
    )
    with pytest.raises(ValueError, match=rf"lfwa{suffix} cannot be unpacked"):
        open_source(path, tmp_path / "unpacked")
    assert [item.name for item in (tmp_path / "unpacked").iterdir()] == [".lock"]


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.xz", ".tar.bz2"])
def test_a_flipped_byte_in_a_compressed_tar_is_noticed(tmp_path, suffix):
    path = write_source(tmp_path / f"lfwa{suffix}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match="cannot be unpacked"):
        open_source(path, tmp_path / "unpacked")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04cut off"])
def test_a_file_that_is_no_zip_is_named(tmp_path, content):
    (tmp_path / "lfwa.zip").write_bytes(content)
    with pytest.raises(ValueError, match=r"lfwa\.zip cannot be read as a zip archive"):
        open_source(tmp_path / "lfwa.zip", tmp_path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_of_a_zip_is_named(tmp_path, compression):
    path = tmp_path / "lfwa.zip"
    write_zip(path, compression)
    content = bytearray(path.read_bytes())
    # The second member is in the middle third of the file.
    for position in range(len(content) // 2, len(content) // 2 + 8):
        content[position] ^= 0xFF
    path.write_bytes(content)
    source = open_source(path, tmp_path)
    assert source.read("lfw2/Ada/Ada_0001.jpg") == FILES["lfw2/Ada/Ada_0001.jpg"]
    with pytest.raises(ValueError, match=r"lfwa\.zip: lfw2/Ada/Ada_0002\.jpg"):
        source.read("lfw2/Ada/Ada_0002.jpg")


def test_a_path_that_is_neither_folder_nor_archive_is_refused(tmp_path):
    (tmp_path / "lfwa.rar").touch()
    with pytest.raises(ValueError, match=r"folder or an archive .*Received: .*lfwa\.rar"):
        open_source(tmp_path / "lfwa.rar", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"Received: .*lfwa\.zip"):
        open_source(tmp_path / "lfwa.zip", tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.zip", True), ("a.TAR.GZ", True), ("b/a.tgz", True), ("a.gz", False), ("zip", False)],
)
def test_archives_are_recognised_by_their_names(name, expected):
    assert is_archive(name) is expected
