"""A dataset of faces: its images, its lists, and how an experiment splits it.

The words are those of faces. In other data a *person* stands for a class, in Omniglot for a
character; a *group* contains classes that are compared with one another, in Omniglot an alphabet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.pairs import Face, PairList, TrialSet
from siamese_lib.data.sampling import (
    ClassSampler,
    PairSampler,
    hold_out_people,
    identities_from_pairs,
    sample_balanced_pairs,
    split_at_random,
    split_by_person,
    subset,
)
from siamese_lib.data.sources import Source
from siamese_lib.utils.files import fingerprint

Box = tuple[int, int, int, int]  # (top, bottom, left, right) in pixels
# The whole image of a dataset. Experiments and networks give their crops in its pixels.
FRAMES: dict[str, Box] = {
    "sample": (0, 112, 0, 92),
    "lfwa": (0, 250, 0, 250),
    "lfw-funneled": (0, 250, 0, 250),
    "omniglot": (0, 105, 0, 105),
}


@dataclass(frozen=True)
class About:
    """What the report's front page states about a dataset.

    Attributes:
        title: the dataset's name in a sentence.
        headline: the title of its report.
        results: the folder in `results/` with the committed runs that are compared with the
            report's own.
        one, many: the noun for what is compared, singular and plural.
        origin: where the images and the pair lists come from, in sentences.
        credit: the source of the images that are shown.
    """

    title: str
    headline: str = "One-shot face verification with Siamese networks"
    results: str = "lfwa"
    one: str = "person"
    many: str = "people"
    origin: str = ""
    credit: str = ""


@dataclass(frozen=True)
class FaceFiles:
    """Faces that can be read.

    Attributes:
        name: the dataset's name in a config, or "images" where no dataset is named.
        source: the folder or archive of the files, as `archives.open_source` returns it.
        files: for each `Face`, the name of its file in `source`.
        frame: the whole image for which a crop is meant, as in `images.decode_image`.
        skipped: a sentence for each file that is not used, by its name.
        notes: sentences on how the files were understood.
    """

    name: str
    source: Source
    files: Mapping[Face, str]
    frame: Box | None = field(default=None, kw_only=True)
    skipped: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class FaceDataset(FaceFiles):
    """Faces, and what the dataset's lists state about them.

    Attributes:
        train_pairs, test_pairs: the two pair lists; no person is in both.
        train_people: the people who may be trained on.
        people_rule: how `train_people` was found.
        face_box: `(top, bottom, left, right)` of the box in an image that the aligned face fills,
            in pixels; None where it is not always at the same place.
        faces_may_be_shown: whether these images may be published.
        about: what the report's front page states about the dataset.
        group_of: the group of each person, who is then named GROUP/PERSON, or an empty mapping if
            the dataset has no groups. The people of a group are held out together.
        photographs: whether its images are photographs: the same one may occur twice, under two
            names, while nobody draws a character twice alike.
        trials_root: the folder or archive of published one-shot trials, or None.
    """

    train_pairs: PairList
    test_pairs: PairList
    train_people: frozenset[str]
    people_rule: str
    face_box: Box | None
    faces_may_be_shown: bool
    about: About
    group_of: Mapping[str, str] = field(default_factory=dict)
    photographs: bool = True
    trials_root: Path | None = None

    @cached_property
    def copies_of_test(self) -> frozenset[Face]:
        """Images of people to train on that are copies of an image of somebody else.

        They show a photograph of the test side under another name. Nothing is fitted to them.
        """
        # The search reads images, and their cache stands on this module.
        from siamese_lib.data.copies import copies_of_test

        return frozenset(copies_of_test(self)) if self.photographs else frozenset()

    @cached_property
    def published_trials(self) -> list[TrialSet]:
        """The published one-shot trials, their images as faces of this dataset; else empty.

        Raises:
            ValueError: if a published image is not among the images of the test people.
        """
        # The trials are files in Omniglot's layout, and that module stands on this one.
        from siamese_lib.data.omniglot import read_trials_of_faces

        return read_trials_of_faces(self) if self.trials_root else []

    @property
    def listed_faces(self) -> list[Face]:
        """The faces in the training and the test pairs, sorted."""
        return sorted({*self.train_pairs.faces, *self.test_pairs.faces})

    @property
    def oneshot_faces(self) -> list[Face]:
        """Images of test people for one-shot classification, sorted.

        These are the images in the test pairs; in a dataset with groups, all images of the people
        in the test pairs.
        """
        if not self.group_of:
            return self.test_pairs.faces
        people = self.test_pairs.people
        return sorted(face for face in self.files if face.person in people)

    def people(self, config: ExperimentConfig) -> tuple[set[str], set[str]]:
        """The people to train on and the held-out people; a group is never divided.

        In a final training the held-out people are trained on, too.

        A `training_fraction` is one of people under protocol `people`, else one of pairs.

        Returns:
            `(train, validation)`; only people who have an image.
        """
        people = self.train_people & {face.person for face in self.files}
        group_of = {person: self.group_of.get(person, person) for person in people}
        _, held_out_groups = hold_out_people(
            set(group_of.values()), config.validation_fraction, config.validation_seed
        )
        held_out = {person for person in people if group_of[person] in held_out_groups}
        train = set(people if config.final else people - held_out)
        if config.protocol == "people":
            train = set(subset(sorted(train), config.training_fraction, config.seed))
        return train, held_out

    def split(self, config: ExperimentConfig) -> dict[str, PairList]:
        """The pairs of an experiment: `{"train", "validation", "test"}` -> `PairList`.

        No person is in two splits, except with `split_by: pair`, which shows the effect of people
        in both train and validation, and in a final training, whose validation pairs are only those
        of its held-out run. With protocol `people`, people are held out. Train and
        validation pairs are then drawn from their images in the way of LFW's own lists, as many as
        there are test pairs. Last, pairs with a copy of a test image are left out.
        """
        if config.protocol == "people":
            train, validation = (
                sample_balanced_pairs(
                    [face for face in self.files if face.person in people],
                    len(self.test_pairs) // 2,
                    config.validation_seed,
                )
                for people in self.people(config)
            )
        else:
            if self.group_of:
                train, validation = map(self.train_pairs.among, self.people(config))
            else:
                split = {"person": split_by_person, "pair": split_at_random}[config.split_by]
                train, validation = split(
                    self.train_pairs, config.validation_fraction, config.validation_seed
                )
                train = self.train_pairs if config.final else train
            train = PairList(tuple(subset(train, config.training_fraction, config.seed)))
        train, validation = map(self._without_copies, (train, validation))
        return {"train": train, "validation": validation, "test": self.test_pairs}

    def _without_copies(self, pairs: PairList) -> PairList:
        copies = self.copies_of_test
        return PairList(tuple(pair for pair in pairs if copies.isdisjoint(pair[:2])))

    def sampler(
        self, config: ExperimentConfig, split: Mapping[str, PairList]
    ) -> PairSampler | ClassSampler:
        """The training examples of an experiment, by its protocol and its loss.

        Args:
            config: the experiment.
            split: what `split(config)` returned.
        """
        if config.protocol == "people":
            people, _ = self.people(config)
            faces = self.files.keys() - self.copies_of_test
            class_of = {face: face.person for face in faces if face.person in people}
        elif config.learns_classes:
            class_of = identities_from_pairs(split["train"])
        else:
            return PairSampler(split["train"])
        return ClassSampler(class_of, config.max_images_per_person, config.images_per_class)

    def faces_of(self, config: ExperimentConfig) -> list[Face]:
        """The faces that a run with this protocol may read, sorted.

        They do not depend on the seed, so that runs with different seeds share a cache.
        """
        if self.group_of:
            return sorted(self.files)
        if config.protocol == "pairs":
            return self.listed_faces
        trained_on = {face for face in self.files if face.person in self.train_people}
        return sorted(trained_on.union(self.listed_faces))

    def fingerprint(self, faces: Sequence[Face] | None = None) -> str:
        """A short name that changes if the images of `faces`, or the pair lists, change.

        Args:
            faces: by default the faces in the pair lists.
        """
        names = [self.files[face] for face in sorted(self.listed_faces if faces is None else faces)]
        return fingerprint(
            self.name, self.source.fingerprint(names), self.train_pairs.pairs, self.test_pairs.pairs
        )
