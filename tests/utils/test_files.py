"""Small files: whole or not there, readable by others, and refused with a clear message when
damaged.
"""

import errno
import json
import os
import stat

import pytest

from siamese_lib.utils.files import (
    atomic_write,
    fingerprint,
    parse_yaml,
    read_json,
    write_json,
    write_text,
)


def test_replacing_keeps_the_old_file_when_the_block_fails(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_shows_nothing_before_the_block_ends(tmp_path):
    path = tmp_path / "deep" / "er" / "model.keras"
    with atomic_write(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.suffix == ".keras"
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_written_file_has_the_rights_of_any_other_new_file(tmp_path):
    write_text(tmp_path / "a.txt", "a")
    (tmp_path / "b.txt").touch()
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "b.txt").stat().st_mode
    )


def test_text_is_utf8_with_unix_line_ends(tmp_path):
    write_text(tmp_path / "a.txt", "é\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\nb\n"


def test_json_round_trip(tmp_path):
    content = {"auc": 0.1 + 0.2, "eer": None, "list": [1, 2], "name": "é"}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == content


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_refuses_what_json_does_not_have_and_leaves_the_old_file(tmp_path, value):
    path = tmp_path / "a.json"
    write_json(path, {"auc": 0.5})
    with pytest.raises(ValueError):
        write_json(path, {"auc": value})
    assert json.loads(path.read_text()) == {"auc": 0.5}


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1} b', b"\xff\xfe\x00"])
def test_a_damaged_json_file_is_named(tmp_path, content):
    (tmp_path / "metrics.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"metrics\.json is not a JSON file"):
        read_json(tmp_path / "metrics.json")


def test_a_missing_json_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Received: .*metrics\.json"):
        read_json(tmp_path / "metrics.json")


@pytest.mark.parametrize("content", ["[" * 100_000, "9" * 5000])
def test_json_that_is_too_deep_or_too_long_for_python_is_named(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=r"a\.json is not a JSON file"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    "text",
    ["a: 1\nb: [2, x]\n", "a: 1\r\nb: [2, x]\r\n", "\ufeffa: 1\nb: [2, x]", "{a: 1, b: [2, x]}"],
)
def test_the_forms_that_yaml_comes_in_read_alike(tmp_path, text):
    (tmp_path / "a.yaml").write_bytes(text.encode())
    assert parse_yaml(tmp_path / "a.yaml") == {"a": 1, "b": [2, "x"]}


BOMB = "\n".join(
    [
        "a0: &a0 [x, x]",
        *(
            f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]"
            for number in range(1, 30)
        ),
    ]
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(BOMB, "an alias", id="a bomb of aliases"),
        pytest.param("a: &a [*a]", "an alias", id="a list that holds itself"),
        pytest.param("a: 1\nb: 2\na: 3\n", "the key a twice", id="a key twice"),
        pytest.param("a:\n  - b: {c: 1, c: 2}\n", "the key c twice", id="a key twice further in"),
        pytest.param("[" * 100_000, "is not a YAML file", id="too deep"),
        pytest.param("a: " + "9" * 5000, "is not a YAML file", id="a number without end"),
        pytest.param("a: 1\n---\na: 2\n", "is not a YAML file", id="two documents"),
        pytest.param("a: \0", "is not a YAML file", id="a null byte"),
    ],
)
def test_yaml_that_cannot_be_used_is_one_sentence(tmp_path, text, message):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        parse_yaml(tmp_path / "a.yaml")
    assert "a.yaml" in str(caught.value) and "\n" not in str(caught.value)


def test_what_a_killed_process_left_half_written_is_removed_when_it_is_old(tmp_path):
    others = ["a.json", ".a-b.json", ".a-abcdefgh.csv", ".b-abcdefgh.json", ".a-abcdefgh.json"]
    for name in others:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / ".a-ijklmnop.json").touch()  # another process may be writing it
    write_text(tmp_path / "a.json", "{}")
    assert {path.name for path in tmp_path.iterdir()} == {*others[:-1], ".a-ijklmnop.json"}


def test_a_full_disk_is_said_with_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught, atomic_write(tmp_path / "a.json"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(tmp_path / "a.json")
    assert not list(tmp_path.iterdir())


def test_fingerprint_depends_on_every_part_and_on_where_one_ends():
    names = [
        fingerprint("ab", "c"),
        fingerprint("a", "bc"),
        fingerprint("abc"),
        fingerprint("c", "ab"),
        fingerprint("ab", "c", 1),
    ]
    assert len(set(names)) == len(names)
    assert fingerprint("ab", "c") == names[0]


def test_fingerprint_is_the_same_on_every_machine():
    # Caches and run hashes are compared between machines and between versions of Python.
    assert fingerprint("lfwa", 1, ("a", None), 0.5) == "e27f27975c3eee5c"
