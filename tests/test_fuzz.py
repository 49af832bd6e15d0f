"""What parsers answer to anything at all: a value, or a ValueError that the command line prints as
a sentence.

`make test` tries about 200 inputs a parser, always the same; `make test-long` 10,000 new ones, and
prints one that fails.
"""

import io
import tarfile
import zipfile
from dataclasses import fields

import numpy as np
import pytest
import yaml
from drawn import write_pair_folds
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image

from siamese_lib.config import ExperimentConfig, choices
from siamese_lib.data.archives import open_source
from siamese_lib.data.images import decode_image
from siamese_lib.data.lfw import FACE_FILE
from siamese_lib.data.pair_lists import parse_pair_folds
from siamese_lib.data.sample import FILE_SIZE, HEADER, repaired
from siamese_lib.experiments.sweep import KEYS, Sweep
from siamese_lib.utils.files import read_json

NUM_USUAL = 200
NUM_EXAMPLES = pytest.mark.parametrize(
    "num_examples", [NUM_USUAL, pytest.param(10_000, marks=pytest.mark.long)]
)


def try_all(strategy, num_examples, check):
    """Calls `check` with so many inputs; only ValueErrors with words in them may come out of it,
    and files that are not there.
    """

    @settings(
        max_examples=num_examples,
        deadline=None,
        derandomize=num_examples == NUM_USUAL,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def examine(content):
        try:
            check(content)
        except (ValueError, FileNotFoundError) as error:
            assert len(str(error)) > 20

    examine()


@st.composite
def damaged(draw, originals):
    """One of some files with a few pieces of it overwritten, cut out or put in."""
    content = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(content)))
        content[start : start + draw(st.integers(0, 30))] = draw(st.binary(max_size=8))
    return bytes(
        content[: draw(st.integers(len(content) // 2, len(content)))]
        if draw(st.booleans())
        else content
    )


def spoken(*words):
    """Text from words of a format and a few characters that editors and other systems bring."""
    odd = [
        "\t",
        " ",
        "  ",
        "\n",
        "\n",
        "\r\n",
        "\ufeff",
        "\0",
        "\x85",
        "\u2028",
        "é",
        "-",
        "1e400",
        "9" * 5000,
    ]
    return st.lists(st.sampled_from([*words, *odd]) | st.text(max_size=3), max_size=60).map("".join)


PAIRS = spoken(
    "Ada", "Ben", "1", "2", "3", "0", "10\t300", "Ada\t1\t2\n", "Ben 1 3\n", "Ada 1 Ben 2\n", "2\n"
)


@NUM_EXAMPLES
def test_pair_lists(num_examples, tmp_path):
    def check(content):
        folds = parse_pair_folds(content, "list.txt")
        write_pair_folds(tmp_path / "list.txt", folds)  # refuses what is not balanced
        again = parse_pair_folds((tmp_path / "list.txt").read_bytes(), "list.txt")
        assert [sorted(fold) for fold in again] == [sorted(fold) for fold in folds]

    good = b"2\nAda\t1\t2\nBen\t1\t3\nAda\t1\tBen\t1\nCleo\t4\tDov\t1\n"
    encoded = st.tuples(PAIRS, st.sampled_from(["utf-8", "utf-16", "utf-8-sig"])).map(
        lambda pair: pair[0].encode(pair[1])
    )
    try_all(st.binary(max_size=200) | encoded | damaged([good]), num_examples, check)


FIELDS = [field.name for field in fields(ExperimentConfig)]
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, 2, 16, 100, 10**400, 1e-4, 0.5])
WORDS = st.sampled_from(
    ["1e-4", "nan", *(choice for field in FIELDS for choice in choices(field))]
) | st.text(max_size=5)
PLAIN = st.none() | st.booleans() | NUMBERS | WORDS | st.dates()
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=6,
)
SPOKEN_YAML = spoken(
    "seed: 1\n",
    "crop: [1, 2]",
    "axes:\n",
    "  ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "&a ",
    "*a",
    "!!python/name:os",
    "---\n",
    "<<: ",
)


def dumped(content):
    return yaml.safe_dump(content, allow_unicode=True).encode("utf-8", "surrogatepass")


@NUM_EXAMPLES
def test_experiment_files(num_examples, tmp_path):
    def check(content):
        (tmp_path / "any.yaml").write_bytes(content)
        config = ExperimentConfig.from_yaml(tmp_path / "any.yaml")
        assert ExperimentConfig.from_dict(config.to_dict()) == config

    written = st.dictionaries(st.sampled_from(FIELDS) | WORDS, VALUES, max_size=5).map(dumped)
    try_all(st.binary(max_size=100) | SPOKEN_YAML.map(str.encode) | written, num_examples, check)


@NUM_EXAMPLES
def test_sweep_files(num_examples, tmp_path):
    (tmp_path / "base.yaml").write_text("dataset: sample\n")
    (tmp_path / "sweeps").mkdir()

    def check(content):
        (tmp_path / "sweeps" / "any.yaml").write_bytes(content)
        for point in Sweep.from_yaml(tmp_path / "sweeps" / "any.yaml").points():
            point.run(tmp_path / "runs")

    varied = st.dictionaries(
        st.sampled_from(FIELDS) | WORDS, st.lists(PLAIN | VALUES, max_size=3), max_size=2
    )
    names = st.sampled_from(["num_epochs", "batch_size", "learning_rate", "crop"])
    numbers = st.dictionaries(
        names, st.lists(st.integers(1, 40), min_size=1, max_size=2), max_size=2
    )
    changes = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=2)
    components = st.dictionaries(WORDS, changes, max_size=2)
    parts = {
        "axes": varied | numbers,
        "grid": varied | numbers,
        "components": components,
        "overrides": changes,
    }
    base, seeds = st.just("../base.yaml"), st.lists(st.integers(0, 3), min_size=1, max_size=2)
    written = st.fixed_dictionaries({"base": base, "seeds": seeds}, optional=parts).map(dumped)
    wild = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8).map(dumped)
    try_all(SPOKEN_YAML.map(str.encode) | written | wild, num_examples, check)


@NUM_EXAMPLES
def test_json_files(num_examples, tmp_path):
    def check(content):
        (tmp_path / "any.json").write_bytes(content)
        ExperimentConfig.from_dict(read_json(tmp_path / "any.json"))

    text = spoken(
        "{", "}", "[", "[" * 3000, '"experiment"', '"seed"', ": ", ", ", "NaN", "Infinity", "null"
    )
    try_all(st.binary(max_size=50) | text.map(str.encode), num_examples, check)


@NUM_EXAMPLES
def test_images_of_the_sample(num_examples):
    pixels = (
        np.random.default_rng(0).integers(0, 30, FILE_SIZE - len(HEADER), dtype=np.uint8).tobytes()
    )
    whole = HEADER + pixels

    def check(content):
        assert decode_image(
            repaired(content, "s1_0001.pgm"), None, (112, 92), "s1_0001.pgm"
        ).shape == (112, 92)

    shorter_by_one = [HEADER + pixels[:-1]]  # slow to repair, so not more of them
    try_all(
        damaged([whole, whole.replace(b"\n", b"\r\n"), *shorter_by_one, b"P5\n"]),
        num_examples,
        check,
    )


def encoded(kind, image, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@NUM_EXAMPLES
@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, about tags
def test_images(num_examples):
    grey = Image.fromarray(
        (np.add.outer(3 * np.arange(40), 2 * np.arange(36)) % 256).astype(np.uint8)
    )
    kinds = [encoded(kind, grey) for kind in ("JPEG", "PNG", "PPM", "BMP", "GIF", "WEBP")]
    kinds += [
        encoded("TIFF", grey, compression=compression)
        for compression in (None, "tiff_lzw", "tiff_deflate", "jpeg", "packbits")
    ]
    kinds += [
        encoded("JPEG", grey.convert("CMYK")),
        encoded("GIF", grey, save_all=True, append_images=[grey.rotate(90)]),
    ]
    try_all(
        damaged(kinds),
        num_examples,
        lambda content: decode_image(content, (0, 30, 0, 30), (32, 32), "Ada_0001.jpg"),
    )


def zipped(compression):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for number in range(3):
            archive.writestr(f"lfw/Ada/Ada_000{number}.jpg", bytes(300))
    return out.getvalue()


def tarred(mode, kind):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=kind) as archive:
        for name in ("lfw/Ada/Ada_0001.jpg", f"lfw/Ada/{'a' * 150}.jpg"):
            member = tarfile.TarInfo(name)
            member.size = 300
            archive.addfile(member, io.BytesIO(bytes(300)))
    return out.getvalue().rstrip(b"\0") + bytes(1024) if mode == "w" else out.getvalue()


@NUM_EXAMPLES
@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_archives(num_examples, suffix, tmp_path):
    zips = [
        zipped(kind)
        for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    ]
    tars = [
        tarred(mode, kind)
        for mode in ("w", "w:gz", "w:bz2", "w:xz")
        for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)
    ]

    def check(content):
        path = tmp_path / f"any{suffix}"
        path.write_bytes(content)
        source = open_source(path, tmp_path / "unpacked")
        for name in source.names():
            FACE_FILE.fullmatch(name)
            source.read(name)

    try_all(damaged(zips if suffix == ".zip" else tars), num_examples, check)
    outside = [
        path.name for path in tmp_path.iterdir() if path.name not in (f"any{suffix}", "unpacked")
    ]
    assert not outside
