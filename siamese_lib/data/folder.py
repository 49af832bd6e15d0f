"""Pair lists for a folder of a user's own pictures: given ones, or drawn as LFW drew its own."""

import itertools
from collections import Counter
from pathlib import Path

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.face_dataset import About, FaceDataset
from siamese_lib.data.lfw import PAIR_LISTS, find_pairs
from siamese_lib.data.omniglot import PAIRS_PER_ALPHABET
from siamese_lib.data.pairs import PairList, cluster_of
from siamese_lib.data.pictures import locate_pictures
from siamese_lib.data.sampling import hold_out_people, sample_balanced_pairs

NUM_TRAIN_PAIRS, NUM_TEST_PAIRS = 2200, 1000  # as in View 1 of LFW
ABOUT = About("a folder of pictures")


def load_folder(config: ExperimentConfig, data_root: Path) -> FaceDataset:
    """The pictures of a folder, and pair lists of its people.

    Lists `pairsDevTrain.txt` and `pairsDevTest.txt` beside the pictures are used. Where there are
    none, test people are drawn, and pairs as LFW drew its own: of test people, of training people
    and of people held out for validation, so that no pair links two of these.

    Args:
        config: of dataset "folder"; its fields align, groups, test_fraction, test_seed,
            validation_fraction and the seed of validation.
        data_root: the folder or archive.

    Raises:
        FileNotFoundError: if there are no pictures in subfolders.
        ValueError: if there are too few people, or the lists are wrong.
    """
    found = locate_pictures(data_root, config.align, config.groups)
    people = {face.person for face in found.files}
    given = {
        split: pairs
        for split, names in PAIR_LISTS.items()
        if (pairs := find_pairs(split, names[:1], data_root, found))
    }
    _check_enough(found, config)
    test_people = _test_people(config, people, given)
    train_people = people - test_people
    test_pairs = given.get("test") or _drawn(found, [test_people], [NUM_TEST_PAIRS], config)
    if "train" in given:
        train_pairs = given["train"]
    elif config.groups:
        parts = _by_group(train_people)
        train_pairs = _drawn(found, parts, [PAIRS_PER_ALPHABET] * len(parts), config)
    else:
        share = config.validation_fraction
        parts = hold_out_people(train_people, share, config.validation_seed)
        counts = [round(NUM_TRAIN_PAIRS * part) for part in (1 - share, share)]
        train_pairs = _drawn(found, parts, counts, config)
    if shared := sorted(train_pairs.people & test_people):
        raise ValueError(
            f"{data_root}: people are in both pair lists; no person may be tested that is trained "
            f"on. Received: {', '.join(shared[:5])}"
        )
    return FaceDataset(
        found.name,
        found.source,
        found.files,
        train_pairs,
        test_pairs,
        train_people=frozenset(train_people),
        people_rule="everyone whom the test pairs do not name"
        if "test" in given
        else f"everyone but a drawn share of {config.test_fraction:g}",
        frame=found.frame,
        # Where an aligned face is in LFW-a's frame; elsewhere in a picture it may be anywhere.
        face_box=(62, 200, 70, 180) if config.align else None,
        faces_may_be_shown=True,
        about=ABOUT,
        group_of=found.group_of,
        skipped=found.skipped,
        notes=found.notes,
    )


def _by_group(people):
    groups = itertools.groupby(sorted(people, key=cluster_of), key=cluster_of)
    return [set(members) for _, members in groups]


def _check_enough(found, config):
    """Checks that each split can have two people, of whom one has two pictures, or a group."""
    counts = Counter(face.person for face in found.files)
    clusters = {cluster_of(person) for person, count in counts.items() if count > 1}
    needed = 3 if config.groups else 6
    if len(clusters) < needed:
        what = "groups" if config.groups else "people"
        raise ValueError(
            f"{found.source.location}: training needs {needed} {what} with two pictures each, to "
            "learn from, to choose the threshold and to test; calibrate needs fewer, and verify "
            f"compares any two pictures. Received: {len(clusters)} of {len(counts)} people"
        )


def _test_people(config, people, given):
    """The people of the test: those of a given list with their groups, else a drawn share."""
    clusters = {cluster_of(person) for person in people}
    if "test" in given:
        tested = {cluster_of(person) for person in given["test"].people}
    else:
        trained = {cluster_of(person) for person in given["train"].people} if given else set()
        _, tested = hold_out_people(clusters - trained, config.test_fraction, config.test_seed)
    return {person for person in people if cluster_of(person) in tested}


def _drawn(found, parts, counts, config):
    """Pairs within each part of the people, `counts` of them, half of each class."""
    pairs = []
    for people, count in zip(parts, counts):
        faces = [face for face in found.files if face.person in people]
        try:
            pairs += sample_balanced_pairs(faces, count // 2, config.test_seed)
        except ValueError as error:
            raise ValueError(
                f"{found.source.location}: {error} for a part of the people; add pictures, or "
                "change test_fraction or validation_fraction"
            ) from error
    return PairList(tuple(pairs))
