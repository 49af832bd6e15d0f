"""Small files: whole or not there, readable by others, and refused with a clear message when damaged."""

import json
import stat

import pytest

from siamese_lib.files import fingerprint, read_json, replacing, write_json, write_text


def test_replacing_keeps_the_old_file_when_the_block_fails(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_shows_nothing_before_the_block_ends(tmp_path):
    path = tmp_path / "deep" / "er" / "model.keras"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.suffix == ".keras"
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_written_file_has_the_rights_of_any_other_new_file(tmp_path):
    write_text(tmp_path / "a.txt", "a")
    (tmp_path / "b.txt").touch()
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == stat.S_IMODE((tmp_path / "b.txt").stat().st_mode)


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


def test_fingerprint_depends_on_every_part_and_on_where_one_ends():
    names = [fingerprint("ab", "c"), fingerprint("a", "bc"), fingerprint("abc"), fingerprint("c", "ab"), fingerprint("ab", "c", 1)]
    assert len(set(names)) == len(names)
    assert fingerprint("ab", "c") == names[0]


def test_fingerprint_is_the_same_on_every_machine():
    # Caches and run hashes are compared between machines and between versions of Python.
    assert fingerprint("lfwa", 1, ("a", None), 0.5) == "e27f27975c3eee5c"
