"""What a dataset is: images, what is known about them, and how an experiment divides them.

Its words are those of faces. With other data a *person* is whatever is told apart, in Omniglot a character, and a *group* is what such
belong to and are compared within, there an alphabet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from siamese_lib.data.pairs import Face, PairList
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
from siamese_lib.evaluation.oneshot import NUM_TRIAL_SETS, draw_trial_sets
from siamese_lib.utils.files import fingerprint


@dataclass(frozen=True)
class FaceFiles:
    """Faces that can be read.

    Attributes:
        name: the dataset's name in a config, or "images" where no dataset is named.
        source: where the files are read from, as `archives.open_source` returns it.
        files: for each `Face`, the name of its file in `source`.
    """

    name: str
    source: object
    files: dict[Face, str]


@dataclass(frozen=True)
class FaceDataset(FaceFiles):
    """Faces, and what the dataset's lists say about them.

    Attributes:
        train_pairs, test_pairs: the two `PairList`s; no person is in both.
        train_people: the people who may be trained on.
        people_rule: how `train_people` was found.
        frame: `(top, bottom, left, right)` of a whole image, in pixels.
        face_box: `(top, bottom, left, right)` of the box in an image that the aligned face fills, in pixels.
        faces_may_be_shown: whether these images may be published.
        group_of: for each person the group, where there are groups; people of one group are held out together.
    """

    train_pairs: PairList
    test_pairs: PairList
    train_people: frozenset[str]
    people_rule: str
    frame: tuple[int, int, int, int]
    face_box: tuple[int, int, int, int]
    faces_may_be_shown: bool
    group_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def listed_faces(self):
        """Every face that the training or the test pairs name, sorted."""
        return sorted({*self.train_pairs.faces, *self.test_pairs.faces})

    def split(self, config):
        """The three parts of an experiment, `{"train", "validation", "test"}` -> `PairList`; no person is in two of them.

        With `split_by: pair` people may be in train and validation, which such a run is there to show. Protocol `people`: people are held
        out; train and validation pairs are drawn from either side's images as LFW drew its own, as many as there are test pairs.
        """
        if config.protocol == "people":
            sides = [
                [face for face in self.files if face.person in people]
                for people in self._people(config)
            ]
            train, validation = (
                sample_balanced_pairs(faces, len(self.test_pairs) // 2, config.validation_seed)
                for faces in sides
            )
        elif self.group_of:
            train, validation = (self.train_pairs.among(people) for people in self._people(config))
        else:
            split = {"person": split_by_person, "pair": split_at_random}[config.split_by]
            train, validation = split(
                self.train_pairs, config.validation_fraction, config.validation_seed
            )
            train = PairList(tuple(subset(train, config.training_fraction, config.seed)))
        return {"train": train, "validation": validation, "test": self.test_pairs}

    def examples(self, config):
        """What the network learns from: `sampling.PairSampler` or `sampling.ClassSampler`, by the config's protocol and loss."""
        if config.protocol == "people":
            people, _ = self._people(config)
            class_of = {face: face.person for face in self.files if face.person in people}
        elif config.learns_classes:
            class_of = identities_from_pairs(self.split(config)["train"])
        else:
            return PairSampler(self.split(config)["train"])
        return ClassSampler(class_of, config.max_images_per_person, config.images_per_class)

    @property
    def oneshot_faces(self):
        """Images of test people for one-shot classification, sorted: those that the test pairs name, with groups all of these people."""
        if not self.group_of:
            return self.test_pairs.faces
        return sorted(face for face in self.files if face.person in self.test_pairs.people)

    def trial_sets(self, config):
        """Runs of one-shot trials within groups, `{part of NUM_TRIAL_SETS: [TrialSet, ...]}`; {} where there are no groups."""
        if not self.group_of:
            return {}
        _, held_out = self._people(config)
        validation, test = (
            [face for face in self.files if face.person in held_out],
            self.oneshot_faces,
        )
        faces = {"validation": validation, "test": test, "test_400": test}
        return {
            part: draw_trial_sets(faces[part], self.group_of, num_trial_sets=number)
            for part, number in NUM_TRIAL_SETS.items()
        }

    def faces_of(self, config):
        """Every face that any run of this config's protocol may read, sorted; the same for all seeds, which so share one cache."""
        if self.group_of:
            return sorted(self.files)
        if config.protocol == "pairs":
            return self.listed_faces
        return sorted(
            {*self.listed_faces, *(face for face in self.files if face.person in self.train_people)}
        )

    def _people(self, config):
        """Who is trained on and who is held out; of a group all or nobody."""
        people = self.train_people & {face.person for face in self.files}
        groups = {self.group_of.get(person, person) for person in people}
        _, held_out_groups = hold_out_people(
            groups, config.validation_fraction, config.validation_seed
        )
        held_out = {
            person for person in people if self.group_of.get(person, person) in held_out_groups
        }
        return set(
            subset(sorted(people - held_out), config.training_fraction, config.seed)
        ), held_out

    def fingerprint(self, faces=None):
        """Changes with the images of `faces` (by default all that the pair lists name) or with the lists."""
        names = [self.files[face] for face in sorted(self.listed_faces if faces is None else faces)]
        return fingerprint(
            self.name, self.source.fingerprint(names), self.train_pairs.pairs, self.test_pairs.pairs
        )
