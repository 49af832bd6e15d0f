"""Work that is killed with SIGKILL at random moments and begun again: the same end, nothing half-
written read, nothing left lying about.

`make test` kills twice or three times, `make test-long` twenty times; the moments are printed.
"""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from tqdm.auto import tqdm

from siamese_lib.__main__ import main
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.archives import open_source
from siamese_lib.data.cache import open_cache
from siamese_lib.data.load import load_dataset
from siamese_lib.notebook import report
from siamese_lib.training.run import Run

NUM_KILLS = pytest.mark.parametrize("num_kills", [3, pytest.param(20, marks=pytest.mark.long)])
# Children are forked off a process that has the imports behind it, and nothing of this one: they
# start within milliseconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "siamese_lib.notebook.report",
        "siamese_lib.data.archives",
        "siamese_lib.data.cache",
        "nbformat",
    ]
)


def announced(begun, work, arguments):
    tqdm.set_lock(
        threading.RLock()
    )  # its own is a semaphore of the system, which a kill would leave behind
    begun.send(True)
    work(*arguments)


def started(work, *arguments):
    """A process that has begun with the work."""
    begun, of_child = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=announced, args=(of_child, work, arguments))
    process.start()
    assert begun.recv()
    return process


def ended(process):
    process.join(120)
    return process.exitcode


def kill_and_finish(num_kills, work, arguments, after_kill, done, begin_anew):
    """Kills the work so many times, `after_kill()` being called each time, then lets it end."""
    whole, began = started(work, *arguments), time.monotonic()
    assert ended(whole) == 0 and done()
    seconds = time.monotonic() - began
    begin_anew()
    moments = random.Random(num_kills)
    for _ in range(num_kills):
        process, moment = started(work, *arguments), moments.uniform(0, seconds)
        process.join(moment)
        process.kill()
        process.join()
        print(f"killed after {moment:.3f} of {seconds:.3f} s, {'done' if done() else 'not done'}")
        after_kill()
        if done():
            begin_anew()
    assert ended(started(work, *arguments)) == 0 and done()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


SIZE = (105, 105)


def build_cache(cache):
    os.environ["SIAMESE_CACHE"] = str(cache)  # children do not have this process' environment
    open_cache(load_dataset("sample"), None, SIZE)


@NUM_KILLS
def test_a_cache_that_is_killed_while_it_is_built(empty_cache, num_kills):
    folder = empty_cache / "images"

    def caches():
        return [path for path in folder.glob("sample-*") if path.is_dir()]

    def check():
        for cache in caches():  # what has its name is whole
            assert (
                np.load(cache / "images.npy").shape == (len(expected), *SIZE, 1)
                and (cache / "index.json").is_file()
            )
        assert len(names(folder)) <= 3

    expected = np.array(open_cache(load_dataset("sample"), None, SIZE).images)
    shutil.rmtree(caches()[0])
    kill_and_finish(
        num_kills, build_cache, (empty_cache,), check, caches, lambda: shutil.rmtree(caches()[0])
    )
    np.testing.assert_array_equal(open_cache(load_dataset("sample"), None, SIZE).images, expected)
    assert names(folder) == [".lock", caches()[0].name]


def test_two_processes_at_one_cache(empty_cache):
    both = [started(build_cache, empty_cache) for _ in range(2)]
    assert [ended(process) for process in both] == [0, 0]
    assert len(names(empty_cache / "images")) == 2


@NUM_KILLS
def test_an_archive_that_is_killed_while_it_is_unpacked(tmp_path, num_kills):
    (tmp_path / "lfw").mkdir()
    contents = {
        f"lfw/{number}.jpg": np.random.default_rng(number).bytes(2000) for number in range(800)
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with tarfile.open(tmp_path / "lfw.tgz", "w:gz") as archive:
        archive.add(tmp_path / "lfw", "lfw")
    folder = tmp_path / "unpacked"

    def unpacked():
        return list(folder.glob("lfw-*"))

    def check():
        for place in unpacked():
            assert {
                f"lfw/{path.name}": path.read_bytes() for path in (place / "lfw").iterdir()
            } == contents
        assert len(names(folder)) <= 3

    arguments = (tmp_path / "lfw.tgz", folder)
    kill_and_finish(
        num_kills, open_source, arguments, check, unpacked, lambda: shutil.rmtree(unpacked()[0])
    )
    check()
    assert names(folder) == [".lock", unpacked()[0].name]


def build_report(runs, output, slowly=0.0):
    """A report from notebooks without outputs: what executes them is papermill's affair."""

    def execute(name, target, values):
        time.sleep(slowly)
        nbformat.write(nbformat.read(report._source(name), as_version=4), target)

    report.execute = execute
    report.build_report("experiments/sample.yaml", runs_dir=runs, output=output)


PAGES = {
    *(
        f"{name}{suffix}"
        for name in (*report.NOTEBOOKS, report.OWN_NOTEBOOK)
        for suffix in (".ipynb", ".html")
    ),
    "index.html",
    "checklist.html",
}


@pytest.fixture
def runs_of_sample(tmp_path):
    """A folder with what the front page shows of the sample's runs."""
    for config in ExperimentConfig.side_by_side("experiments/sample.yaml"):
        run = Run.of(config, tmp_path / "runs")
        shutil.copytree(
            report.project_root() / "results" / "lfwa" / "lfwa_quick" / "seed_0", run.directory
        )
        run.write_json("config.json", config.to_dict())
    return tmp_path / "runs"


@NUM_KILLS
def test_a_report_that_is_killed_while_it_is_written(runs_of_sample, tmp_path, num_kills):
    output = tmp_path / "reports" / "sample"

    def content():
        return {path.name: path.read_bytes() for path in output.iterdir()}

    def check():
        assert not output.exists() or set(content()) == PAGES
        assert len(names(output.parent)) <= 4

    assert ended(started(build_report, runs_of_sample, output)) == 0
    expected = content()
    kill_and_finish(
        num_kills,
        build_report,
        (runs_of_sample, output),
        check,
        output.exists,
        lambda: shutil.rmtree(output, ignore_errors=True),
    )
    assert content() == expected and names(output.parent) == [".sample.lock", "sample"]


def test_of_two_reports_at_once_one_is_written_and_the_other_says_so(
    runs_of_sample, tmp_path, capsys
):
    output = tmp_path / "reports" / "sample"
    first = started(build_report, runs_of_sample, output, 0.5)
    while not (output.parent / ".sample.work").exists():
        time.sleep(0.01)
    assert (
        main(
            [
                "report",
                "--experiment",
                "experiments/sample.yaml",
                "--runs",
                str(runs_of_sample),
                "--output",
                str(output),
            ]
        )
        == 2
    )
    assert "Another process is writing this report" in capsys.readouterr().err
    assert ended(first) == 0 and set(names(output)) == PAGES


TINY = {
    "dataset": "lfwa",
    "image_size": [40, 36],
    "embedding_size": 16,
    "base_filters": 16,
    "batch_size": 12,
    "num_epochs": 6,
    "score_epochs": [2, 4],
    "mixed_precision": "float32",
}


@pytest.mark.long  # tests/training/test_fit.py kills one of each protocol in `make test`
def test_a_training_that_is_killed(lfw_folder, tmp_path):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    run = Run(tmp_path / "runs" / "tiny" / "seed_0")
    whole = Run(tmp_path / "whole" / "tiny" / "seed_0")
    command = [
        sys.executable,
        "-m",
        "siamese_lib",
        "train",
        "--config",
        tmp_path / "tiny.yaml",
        "--data-root",
        lfw_folder,
        "--runs",
    ]

    def start(runs):
        return subprocess.Popen(
            [*command, runs], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    began = time.monotonic()
    assert start(whole.directory.parents[1]).wait() == 0
    seconds, moments = time.monotonic() - began, random.Random(20)
    for _ in range(20):
        process, moment = (
            start(run.directory.parents[1]),
            moments.uniform(0.4, 1) * seconds,
        )  # the first part is TensorFlow's start
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        print(
            f"killed after {moment:.1f} of {seconds:.1f} s and {len(run.history)} epochs"
            f"{', done' if run.done else ''}"
        )
        if run.done:
            same_end(run, whole)
            shutil.rmtree(run.directory)
    assert start(run.directory.parents[1]).wait() == 0
    same_end(run, whole)


def same_end(run, whole):
    for one, other in [
        (run, whole),
        *((run.after_epoch(epoch), whole.after_epoch(epoch)) for epoch in TINY["score_epochs"]),
    ]:
        assert {**one.metrics, "seconds": 0} == {**other.metrics, "seconds": 0}
        assert one.path("scores.csv").read_text() == other.path("scores.csv").read_text()
        assert set(names(one.directory)) - {".lock"} == set(names(other.directory)) - {".lock"}
    pd.testing.assert_frame_equal(
        run.history.drop(columns="seconds"), whole.history.drop(columns="seconds")
    )
