"""The download of LFW-funneled from a local server that answers well, slowly, wrongly or never."""

import hashlib
import io
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from siamese_lib.data import load
from siamese_lib.data.load import load_dataset
from siamese_lib.data.pairs import Face

PEOPLE = ("Ada_One", "Ben_Two", "Cleo_Three", "Dan_Four")
TRAIN_LIST = b"1\nAda_One\t1\t2\nAda_One\t1\tBen_Two\t1\n"
TEST_LIST = b"1\nCleo_Three\t1\t2\nCleo_Three\t2\tDan_Four\t1\n"
SENTENCE = (
    r"^{name} of lfw-funneled could not be downloaded to .* from 127.0.0.1 or 127.0.0.1; "
    r"try again later, .*\. Received: .*{reason}"
)


def _archive():
    """A tar archive in LFW-funneled's layout: two images of each person and a list of View 2."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        contents = {
            f"lfw_funneled/{person}/{person}_{n:04d}.jpg": f"{person} {n}".encode()
            for person in PEOPLE
            for n in (1, 2)
        }
        for name, content in {**contents, "lfw_funneled/pairs_01.txt": b"300\n"}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


PAYLOADS = {
    "11": ("pairsDevTrain.txt", TRAIN_LIST),
    "12": ("pairsDevTest.txt", TEST_LIST),
    "13": ("lfw-funneled.tgz", _archive()),
}


def _send(handler, body, status=200, announced=None):
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if announced is None else announced))
    handler.end_headers()
    handler.wfile.write(body)


def good(handler, payload):
    _send(handler, payload)


def slow(handler, payload):
    """Takes longer than the time-out, but is never silent for that long."""
    _send(handler, payload[:-6], announced=len(payload))
    for index in range(-6, 0):
        handler.wfile.flush()
        time.sleep(0.1)
        handler.wfile.write(payload[index:][:1])


def cut(handler, payload):
    _send(handler, payload[: len(payload) // 2], announced=len(payload))


def challenge(handler, payload):
    _send(handler, b"", status=202)


def accepted(handler, payload):
    _send(handler, payload, status=202)


def empty(handler, payload):
    _send(handler, b"")


def empty_without_length(handler, payload):
    handler.send_response(200)
    handler.end_headers()


def wrong(handler, payload):
    _send(handler, payload[::-1])


def broken(handler, payload):
    _send(handler, b"sorry", status=500)


def silent(handler, payload):
    handler.server.finished.wait(10)


def redirects_to_plain_http(handler, payload):
    handler.send_response(302)
    handler.send_header("Location", "http://faces.invalid/file")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


# The reason in the message, by answer.
BAD = {
    cut: "Connection broken",
    challenge: "answered 202",
    accepted: "answered 202",
    empty: "empty body",
    empty_without_length: "empty body",
    wrong: "does not match the known hash",
    broken: "answered 500",
    silent: "Read timed out",
    redirects_to_plain_http: "http://faces.invalid/file",
}


class Handler(BaseHTTPRequestHandler):
    """Answers `/HOST/NUMBER` with `server.answers[HOST]`, and keeps a list of the requests."""

    def do_GET(self):
        host, number = self.path.strip("/").split("/")
        self.server.requests.append((host, number))
        answer = self.server.answers[host]
        answer = answer.pop(0) if isinstance(answer, list) else answer
        answer(self, PAYLOADS[number][1])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.answers, server.finished = (
        [],
        {"first": good, "second": good},
        threading.Event(),
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    files = {
        name: (number, hashlib.sha256(payload).hexdigest())
        for number, (name, payload) in PAYLOADS.items()
    }
    monkeypatch.setattr(
        load, "HOSTS", {"lfw-funneled": (f"{address}/first/", f"{address}/second/")}
    )
    monkeypatch.setattr(load, "FILES", {"lfw-funneled": files})
    monkeypatch.setattr(load, "RETRIES", 0)
    monkeypatch.setattr(load, "TIMEOUT", (2, 0.5))
    monkeypatch.setenv("SIAMESE_CACHE", str(tmp_path / "cache"))
    # The machine may have a proxy, which would not find this server.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield server
    server.finished.set()
    server.shutdown()
    server.server_close()
    thread.join()


def _contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


EVERYTHING = dict(PAYLOADS.values())


def test_the_dataset_loads_from_the_download(server, tmp_path):
    dataset = load_dataset("lfw-funneled", None)
    assert _contents(tmp_path / "cache" / "downloads" / "lfw-funneled") == EVERYTHING
    assert dataset.name == "lfw-funneled" and not dataset.faces_may_be_shown
    assert len(dataset.files) == 2 * len(PEOPLE)
    assert dataset.source.read(dataset.files[Face("Ben_Two", 2)]) == b"Ben_Two 2"
    assert (dataset.train_pairs.labels, dataset.test_pairs.people) == (
        [1, 0],
        {"Cleo_Three", "Dan_Four"},
    )
    assert dataset.train_people == {"Ada_One", "Ben_Two"}
    assert server.requests == [("first", "11"), ("first", "12"), ("first", "13")]


def test_a_slow_download_is_completed(server, tmp_path):
    server.answers["first"] = [good, good, slow]
    assert _contents(load.fetch("lfw-funneled", tmp_path)) == EVERYTHING
    assert [host for host, _ in server.requests] == ["first"] * 3


@pytest.mark.parametrize("bad", BAD)
def test_the_second_host_is_used_if_the_first_fails(server, tmp_path, bad):
    server.answers["first"] = [good, good, bad]
    assert _contents(load.fetch("lfw-funneled", tmp_path)) == EVERYTHING
    assert server.requests[2:] == [("first", "13"), ("second", "13")]


@pytest.mark.parametrize("bad", BAD)
def test_if_no_host_delivers_there_is_one_sentence_and_no_file(server, tmp_path, bad):
    server.answers = {"first": bad, "second": bad}
    with pytest.raises(
        FileNotFoundError, match=SENTENCE.format(name="pairsDevTrain.txt", reason=BAD[bad])
    ) as raised:
        load_dataset("lfw-funneled")
    assert "\n" not in str(raised.value)
    assert server.requests == [("first", "11"), ("second", "11")]
    assert _contents(tmp_path / "cache" / "downloads" / "lfw-funneled") == {}


def test_a_failure_keeps_complete_files(server, tmp_path):
    server.answers = {"first": [good, cut], "second": cut}
    with pytest.raises(FileNotFoundError, match=r"pairsDevTest\.txt"):
        load.fetch("lfw-funneled", tmp_path)
    assert _contents(tmp_path / "lfw-funneled") == {"pairsDevTrain.txt": TRAIN_LIST}


def test_a_host_is_tried_again_before_the_next(server, tmp_path, monkeypatch):
    monkeypatch.setattr(load, "RETRIES", 1)
    server.answers["first"] = [broken, good, good, good]
    assert _contents(load.fetch("lfw-funneled", tmp_path)) == EVERYTHING
    assert [host for host, _ in server.requests] == ["first"] * 4


def test_complete_files_are_not_fetched_again(server, tmp_path):
    folder = load.fetch("lfw-funneled", tmp_path)
    server.requests.clear()
    assert load.fetch("lfw-funneled", tmp_path) == folder
    assert server.requests == []
    (folder / "pairsDevTest.txt").write_bytes(TEST_LIST[:-5])
    assert _contents(load.fetch("lfw-funneled", tmp_path)) == EVERYTHING
    assert server.requests == [("first", "12")]


def test_an_interruption_leaves_no_file(server, tmp_path, monkeypatch):
    def interrupted(url, output_file, store):
        Path(output_file).write_bytes(b"half")
        assert Path(output_file).parent == tmp_path / "lfw-funneled"
        assert not (tmp_path / "lfw-funneled" / "pairsDevTrain.txt").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(load, "_download", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load.fetch("lfw-funneled", tmp_path)
    assert _contents(tmp_path / "lfw-funneled") == {}


def test_the_files_of_a_killed_download_are_removed(server, tmp_path):
    folder = load.fetch("lfw-funneled", tmp_path)
    (folder / "tmpab12cd34").write_bytes(b"half")
    assert _contents(load.fetch("lfw-funneled", tmp_path)) == EVERYTHING


@pytest.mark.parametrize(
    "host",
    [
        "http://faces.invalid/",
        "http://127.0.0.1.faces.invalid/",
        "http://127.0.0.1@faces.invalid/",
        "ftp://127.0.0.1/",
        "faces.invalid/",
    ],
)
def test_only_this_machine_is_reached_without_tls(server, tmp_path, monkeypatch, host):
    monkeypatch.setitem(load.HOSTS, "lfw-funneled", (*load.HOSTS["lfw-funneled"], host))
    with pytest.raises(ValueError, match=f"Downloads come by https, .* not from {host}"):
        load.fetch("lfw-funneled", tmp_path)
    assert server.requests == [] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dataset", load.FILES)
def test_the_real_hosts_are_reached_over_tls(dataset):
    hosts, files = load.HOSTS[dataset], load.FILES[dataset]
    assert len(hosts) == 2 and all(
        host.startswith("https://") and host.endswith("/") for host in hosts
    )
    assert all(address and len(bytes.fromhex(sha256)) == 32 for address, sha256 in files.values())
    assert load.BRING[dataset]
