"""Pair lists of LFW and splits by person: label 1 = same person."""

import collections

import pytest
from drawn import write_pair_folds

from siamese_lib.data.pair_lists import pair_list_text, parse_pair_folds, read_pairs
from siamese_lib.data.pairs import (
    Face,
    Pair,
    PairList,
    parse_face,
)
from siamese_lib.data.sampling import (
    connected_components,
    identities_from_pairs,
    overlap_of_random_split,
    split_by_person,
)
from siamese_lib.data.summary import statistics

GOOD = "2\nAda\t1\t2\nBen\t1\t3\nAda\t1\tBen\t2\nCleo\t4\tDov\t1\n"


def parsed(text, encoding="utf-8"):
    return parse_pair_folds(text.encode(encoding), "list.txt")


def couples(num_couples):
    """Components of two people, with three same pairs of each person and six different pairs."""
    pairs = []
    for index in range(num_couples):
        first, second = f"P{index}_one", f"P{index}_two"
        for person in (first, second):
            pairs += [
                Pair(Face(person, left), Face(person, right), 1)
                for left, right in ((1, 2), (1, 3), (2, 3))
            ]
        pairs += [
            Pair(Face(first, left), Face(second, right), 0)
            for left in (1, 2)
            for right in (1, 2, 3)
        ]
    return PairList(tuple(pairs))


def test_three_columns_are_the_same_person_with_label_one():
    (fold,) = parsed(GOOD)
    assert fold.pairs == (
        Pair(Face("Ada", 1), Face("Ada", 2), 1),
        Pair(Face("Ben", 1), Face("Ben", 3), 1),
        Pair(Face("Ada", 1), Face("Ben", 2), 0),
        Pair(Face("Cleo", 4), Face("Dov", 1), 0),
    )
    assert fold.labels == [1, 1, 0, 0]


def test_a_face_prints_as_lfw_names_it():
    assert str(Face("Ada_Example", 7)) == "Ada_Example_0007"


@pytest.mark.parametrize("face", [Face("Ada", 1), Face("Ben_van_Dam", 12), Face("s1", 10_000)])
def test_a_face_survives_its_name(face):
    assert parse_face(str(face)) == face


def test_a_list_has_faces_and_people():
    (fold,) = parsed(GOOD)
    assert fold.people == {"Ada", "Ben", "Cleo", "Dov"}
    assert [str(face) for face in fold.faces] == [
        "Ada_0001",
        "Ada_0002",
        "Ben_0001",
        "Ben_0002",
        "Ben_0003",
        "Cleo_0004",
        "Dov_0001",
    ]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param(GOOD.replace("\t", " "), "utf-8", id="spaces"),
        pytest.param(GOOD.replace("\t", " ", 3), "utf-8", id="tabs and spaces"),
        pytest.param(GOOD.replace("\t", " \t  "), "utf-8", id="several in a row"),
        pytest.param(GOOD.replace("\n", "\r\n"), "utf-8", id="CRLF"),
        pytest.param(GOOD.replace("\n", "\r\n"), "utf-8-sig", id="byte-order mark and CRLF"),
        pytest.param(GOOD.replace("\n", "\n\n") + "\n\n", "utf-8", id="blank lines"),
        pytest.param(GOOD.rstrip("\n"), "utf-8", id="no last line end"),
        pytest.param(GOOD.removeprefix("2\n"), "utf-8", id="no count"),
        pytest.param("1 2\n" + GOOD.removeprefix("2\n"), "utf-8", id="one fold announced"),
    ],
)
def test_all_forms_of_a_list_are_read_in_the_same_way(text, encoding):
    assert parsed(text, encoding) == parsed(GOOD)


def test_a_list_without_a_count_need_not_be_balanced():
    (fold,) = parsed("Ada 1 2\nAda 1 3\nAda 1 Ben 1\n")
    assert fold.labels == [1, 1, 0]


def test_names_may_hold_letters_of_any_language():
    (fold,) = parsed("1\nJosé_Ñandú 1 2\nJosé_Ñandú 1 Zoë 1\n")
    assert fold.people == {"José_Ñandú", "Zoë"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "no pairs", id="empty"),
        pytest.param(" \n\t\n", "no pairs", id="blank"),
        pytest.param("3\n" + GOOD.removeprefix("2\n"), "Received: 4 pairs", id="count too large"),
        pytest.param("1\n" + GOOD.removeprefix("2\n"), "Received: 4 pairs", id="count too small"),
        pytest.param("0\n", "Received: 0 pairs", id="count of nothing"),
        pytest.param("0\nAda 1 2\n", "Received: 1 pairs", id="count of zero"),
        pytest.param("5\n", "Received: 0 pairs", id="count alone"),
        pytest.param("10 300\n" + GOOD.removeprefix("2\n"), "10 x 2 x 300", id="View 2 cut off"),
        pytest.param(
            "2\nAda 1 2\nAda 1 3\nAda 2 3\nAda 1 Ben 1\n",
            "3 same and 1 different",
            id="classes unequal",
        ),
        pytest.param("1\nAda 0 2\nAda 1 Ben 1\n", "line 2.*from 1 on", id="image number 0"),
        pytest.param("1\nAda 1 -2\nAda 1 Ben 1\n", "line 2.*from 1 on", id="negative number"),
        pytest.param("1\nAda 1 2\nAda 1 Ben 1.0\n", "line 3.*from 1 on", id="fraction"),
        pytest.param("1\nAda one 2\nAda 1 Ben 1\n", "line 2.*from 1 on", id="word for a number"),
        pytest.param(
            "1\nAda 1 \u0662\nAda 1 Ben 1\n", "line 2.*from 1 on", id="digits of another script"
        ),
        pytest.param("1\nAda 2 2\nAda 1 Ben 1\n", "line 2.*with itself", id="pair with itself"),
        pytest.param(
            "1\nAda 1 2\nAda 1 Ada 2\n", "line 3.*one person twice", id="different but same person"
        ),
        pytest.param(
            "2\nAda 1 2\nAda 1 2\nAda 1 Ben 1\nAda 1 Ben 2\n", "line 3.*line 2 already", id="twice"
        ),
        pytest.param(
            "2\nAda 1 2\nAda 1 3\nAda 1 Ben 1\nBen 1 Ada 1\n",
            "line 5.*line 4 already",
            id="twice, turned round",
        ),
        pytest.param("1\nAda 1\nAda 1 Ben 1\n", "line 2: a pair is", id="two columns"),
        pytest.param("1\nAda 1 2\nAda 1 Ben 1 2\n", "line 3: a pair is", id="five columns"),
        pytest.param("1\nAda,1,2\nAda,1,Ben,1\n", "line 2: a pair is", id="commas"),
    ],
)
def test_a_malformed_list_is_refused_with_file_and_line(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        parsed(text)
    assert "list.txt" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "encoding"), [("1\nJosé 1 2\nJosé 1 Ben 1\n", "latin-1"), (GOOD, "utf-16")]
)
def test_another_encoding_is_refused(text, encoding):
    with pytest.raises(ValueError, match=r"list\.txt is not UTF-8"):
        parsed(text, encoding)


def test_view_2_is_read_fold_by_fold(tmp_path):
    text = "2\t1\nAda\t1\t2\nAda\t1\tBen\t1\nCleo\t1\t2\nCleo\t1\tDov\t1\n"
    (tmp_path / "pairs.txt").write_text(text)
    folds = parse_pair_folds((tmp_path / "pairs.txt").read_bytes(), "pairs.txt")
    assert [fold.people for fold in folds] == [{"Ada", "Ben"}, {"Cleo", "Dov"}]
    assert [fold.labels for fold in folds] == [[1, 0], [1, 0]]
    assert read_pairs(tmp_path / "pairs.txt").pairs == folds[0].pairs + folds[1].pairs


def test_each_fold_of_view_2_is_checked():
    with pytest.raises(ValueError, match="2 same and 0 different"):
        parsed("2 1\nAda 1 2\nAda 1 3\nCleo 1 Dov 1\nCleo 1 Dov 2\n")


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Received: .*pairs\.txt"):
        read_pairs(tmp_path / "pairs.txt")


@pytest.mark.parametrize("num_folds", [1, 3])
def test_what_is_written_reads_back(tmp_path, num_folds):
    pairs = couples(num_folds).pairs
    folds = [PairList(pairs[start : start + 12]) for start in range(0, len(pairs), 12)]
    write_pair_folds(tmp_path / "pairs.txt", folds)
    text = (tmp_path / "pairs.txt").read_text()
    assert parsed(text) == folds
    assert text.splitlines()[0] == ("6" if num_folds == 1 else "3\t6")


def test_writing_puts_same_pairs_first(tmp_path):
    (fold,) = parsed("1\nAda 1 Ben 1\nAda 1 2\n")
    write_pair_folds(tmp_path / "pairs.txt", [fold])
    assert read_pairs(tmp_path / "pairs.txt").labels == [1, 0]


@pytest.mark.parametrize("sizes", [[], [3], [4, 6]])
def test_unbalanced_folds_cannot_be_written(tmp_path, sizes):
    pairs = [Pair(Face("Ada", 1), Face("Ada", number), 1) for number in (2, 3, 4)]
    pairs += [Pair(Face("Ada", 1), Face("Ben", number), 0) for number in (2, 3, 4)]
    folds = [PairList(tuple(pairs[3 - size // 2 : 3 - size // 2 + size])) for size in sizes]
    with pytest.raises(ValueError, match="as many same as different"):
        write_pair_folds(tmp_path / "pairs.txt", folds)
    assert not (tmp_path / "pairs.txt").exists()


def test_components_are_joined_through_other_pairs():
    (fold,) = parsed("Ada 1 Ben 1\nCleo 1 Dov 1\nEdda 1 2\nBen 2 Cleo 2\n")
    assert [len(component) for component in connected_components(fold)] == [3, 1]


@pytest.mark.parametrize("validation_fraction", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_split_is_person_disjoint_and_loses_nothing(validation_fraction, seed):
    pairs = couples(20)
    train, validation = split_by_person(pairs, validation_fraction, seed)
    assert not train.people & validation.people
    assert collections.Counter([*train, *validation]) == collections.Counter(pairs)
    assert len(validation) == pytest.approx(validation_fraction * len(pairs), abs=12)
    assert sum(validation.labels) == pytest.approx(len(validation) / 2, abs=6)


def test_a_split_keeps_the_order_of_the_list():
    pairs = couples(20)
    for split in split_by_person(pairs, 0.2, seed=3):
        positions = [pairs.pairs.index(pair) for pair in split]
        assert positions == sorted(positions)


def test_only_same_pairs_join_images_into_a_class():
    faces = {
        name: Face(name[:3], int(name[4:]))
        for name in ("Ada 1", "Ada 2", "Ada 3", "Ada 4", "Ada 5", "Ben 1", "Ben 2")
    }
    links = [
        ("Ada 1", "Ada 2", 1),
        ("Ada 2", "Ada 3", 1),
        ("Ada 4", "Ben 1", 0),
        ("Ben 1", "Ben 2", 1),
        ("Ada 1", "Ben 2", 0),
    ]
    class_of = identities_from_pairs(
        PairList(tuple(Pair(faces[left], faces[right], label) for left, right, label in links))
    )
    groups = collections.defaultdict(set)
    for face, name in class_of.items():
        groups[name].add(f"{face.person} {face.number}")
    # No same pair contains the fourth image of Ada, whatever its name; the fifth is in no pair.
    assert sorted(map(sorted, groups.values())) == [
        ["Ada 1", "Ada 2", "Ada 3"],
        ["Ada 4"],
        ["Ben 1", "Ben 2"],
    ]
    assert all(name in {str(face) for face in class_of} for name in groups)


def test_the_split_depends_on_the_seed():
    pairs = couples(20)
    splits = [split_by_person(pairs, 0.2, seed) for seed in range(5)]
    assert splits[0] == split_by_person(pairs, 0.2, 0)
    assert len({frozenset(validation.people) for _, validation in splits}) > 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("Ada 1 2\nAda 1 Ben 1\nBen 1 2\n", "shared people", id="one component"),
        pytest.param(
            "Ada 1 2\nAda 1 Ben 1\nCleo 1 2\nCleo 1 Dov 1\n",
            "too large",
            id="components larger than the share",
        ),
    ],
)
def test_a_split_that_cannot_be_made_is_refused(text, message):
    (fold,) = parsed(text)
    with pytest.raises(ValueError, match=message):
        split_by_person(fold, 0.2, seed=0)


def test_the_overlap_of_a_random_split():
    # Each person is in many pairs, so that every validation pair shows a person of training.
    assert overlap_of_random_split(couples(20), 0.2, seed=0) == 1.0
    lonely = PairList(
        tuple(Pair(Face(f"P{index}", 1), Face(f"P{index}", 2), 1) for index in range(50))
    )
    assert overlap_of_random_split(lonely, 0.2, seed=0) == 0.0


def test_statistics_count():
    (fold,) = parsed(GOOD)
    assert statistics(fold) == {
        "pairs": 4,
        "same": 2,
        "different": 2,
        "people": 4,
        "images": 7,
        "components": 2,
    }


def test_view_1_of_lfwa_has_the_known_numbers(lfwa_root):
    train, test = (read_pairs(lfwa_root / f"pairsDev{side}.txt") for side in ("Train", "Test"))
    assert statistics(train) == {
        "pairs": 2200,
        "same": 1100,
        "different": 1100,
        "people": 2132,
        "images": 3443,
        "components": 1032,
    }
    assert (len(test), sum(test.labels), len(test.people), len(test.faces)) == (
        1000,
        500,
        963,
        1549,
    )
    assert max(map(len, connected_components(train))) == 21
    assert not train.people & test.people


def test_two_thirds_of_a_random_split_of_view_1_overlap(lfwa_root):
    train = read_pairs(lfwa_root / "pairsDevTrain.txt")
    overlaps = [overlap_of_random_split(train, 0.2, seed) for seed in range(20)]
    assert 0.65 <= round(min(overlaps), 2) <= round(max(overlaps), 2) <= 0.71
    assert sum(overlaps) / 20 == pytest.approx(0.68, abs=0.01)
    rest, validation = split_by_person(train, 0.2, seed=0)
    assert not rest.people & validation.people
    assert len(rest) + len(validation) == 2200
    assert len(validation) == pytest.approx(440, abs=5)


@pytest.mark.parametrize("order", [1, -1])
def test_a_written_list_is_read_back(order):
    (pairs,) = parse_pair_folds(GOOD.encode(), "list")
    pairs = PairList(pairs.pairs[::order])
    text = pair_list_text(pairs)
    assert parse_pair_folds(text.encode(), "list") == [pairs]
    assert (text == GOOD) == (order == 1)


def test_a_name_with_blanks_cannot_be_written():
    pairs = PairList((Pair(Face("Ada B", 1), Face("Ada B", 2), 1),))
    with pytest.raises(ValueError, match=r"no blanks.*Received: 'Ada B'"):
        pair_list_text(pairs)
