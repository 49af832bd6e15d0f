"""What goes into a training: its data, batches for `fit`, augmentation.

Order and augmentation of an epoch depend on the seed and the epoch's number alone, so that an
interrupted training continues as an uninterrupted one.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.cache import FaceCache, open_cache
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.load import load_dataset
from siamese_lib.data.pairs import PairList, TrialSet
from siamese_lib.data.sampling import ClassSampler, PairSampler
from siamese_lib.evaluation.trials import trial_sets
from siamese_lib.models.layers import symmetries
from siamese_lib.training.run import Run
from siamese_lib.utils.tensorflow import tf

ELASTIC_POINTS = 5  # in each direction, of the grid whose points elastic distortion moves


@dataclass(frozen=True)
class TrainingData:
    """The data of one run, made once.

    Attributes:
        config: the `ExperimentConfig`.
        dataset: the `FaceDataset`.
        pairs: `{split: PairList}`, of train, validation and test.
        sampler: the examples that the network learns from.
        cache: a `FaceCache` of all images.
        trial_sets: `{split: [TrialSet]}` where people belong to groups, else empty.
        held_out: of a final training, the finished `Run` of the recipe with people held out: the
            network has seen the validation people, so calibration, threshold and all that is stated
            of validation are that run's.
    """

    config: ExperimentConfig
    dataset: FaceDataset
    pairs: dict[str, PairList]
    sampler: PairSampler | ClassSampler
    cache: FaceCache
    trial_sets: dict[str, list[TrialSet]]
    held_out: Run | None = None

    @classmethod
    def load(
        cls,
        config: ExperimentConfig,
        data_root: Path | str | None,
        held_out: Run | None = None,
    ) -> "TrainingData":
        """Finds the dataset, splits it and prepares its images.

        Raises:
            FileNotFoundError, ValueError: if the data cannot be used, or the held-out run was made
                with others.
        """
        dataset = load_dataset(config, data_root)
        pairs = dataset.split(config)
        if held_out and held_out.pairs("validation") != pairs["validation"]:
            raise ValueError(
                "The run with people held out was made with other data; remove it, and it is "
                f"trained again. Received: {held_out.directory}"
            )
        return cls(
            config,
            dataset,
            pairs,
            sampler=dataset.sampler(config, pairs),
            cache=open_cache(dataset, config.crop, config.image_size, dataset.faces_of(config)),
            trial_sets=trial_sets(dataset, config),
            held_out=held_out,
        )

    @property
    def people(self) -> dict[str, set[str]]:
        """The people from whom the network learns, and those who choose epoch and threshold."""
        trials = self.trial_sets.get("validation", ())
        return {
            "train": {face.person for column in self.sampler.columns for face in column},
            "validation": self.pairs["validation"].people
            | {face.person for each in trials for face in (*each.gallery, *each.probes)},
        }

    @property
    def class_sampler(self) -> ClassSampler:
        """The sampler of a training on classes."""
        assert isinstance(self.sampler, ClassSampler)
        return self.sampler


def training_batches(
    cache: FaceCache,
    sampler: PairSampler | ClassSampler,
    config: ExperimentConfig,
    first_epoch: int = 0,
) -> tuple[Any, int]:
    """Batches for `fit`, from `first_epoch` (counted from 0) to the end of the training.

    Returns:
        `(dataset, steps_per_epoch)`; the `tf.data.Dataset` yields `((left, right), label)` or
        `(image, label)` with images `(batch, height, width, 1)`, float32 in 0-255, and the labels
        of the sampler.
    """
    sides = np.stack([cache.rows_of(column) for column in sampler.columns], axis=1)
    rows, labels = tf.constant(sides), tf.constant(sampler.labels)  # rows: (num_examples, 1 or 2)
    shape, num_sides = (None, *config.image_size, 1), sides.shape[1]

    def batches_of_epoch(epoch):
        order = tf.numpy_function(
            lambda number: sampler.order(config.seed, int(number)), [epoch], tf.int64
        )
        batches = tf.data.Dataset.from_tensor_slices(tf.ensure_shape(order, (None,)))
        batches = batches.batch(config.batch_size)
        return batches.enumerate().map(lambda step, chosen: (epoch, step, chosen))

    def load(epoch, step, chosen):
        # All left images, then all right ones. They stay in the memory map: a training holds only
        # the batches that are being prepared.
        side_by_side = tf.reshape(tf.transpose(tf.gather(rows, chosen)), [-1])
        images = tf.numpy_function(lambda numbers: cache.images[numbers], [side_by_side], tf.uint8)
        images = tf.cast(tf.ensure_shape(images, shape), tf.float32)
        seed = tf.stack([tf.cast(config.seed, tf.int64) * 100_003 + epoch, step])
        label = tf.gather(labels, chosen)
        if config.symmetries > 1:
            images, label = random_symmetry(images, label, config.symmetries, seed)
        images = augment(images, config, seed)
        return (images if num_sides == 1 else tuple(tf.split(images, num_sides))), label

    epochs = tf.data.Dataset.range(first_epoch, config.num_epochs).flat_map(batches_of_epoch)
    batches = epochs.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return batches.prefetch(2), config.steps_per_epoch(len(sampler))


def evaluation_batches(cache: FaceCache, pairs: PairList, batch_size: int) -> Any:
    """Batches `((left, right), label)` of pairs in their order, once, without augmentation."""
    sampler = PairSampler(pairs)
    (left, right), labels = map(cache.rows_of, sampler.columns), sampler.labels
    shape = (None, *cache.images.shape[1:])

    def read(start):
        chosen = slice(start, start + batch_size)
        return cache.images[left[chosen]], cache.images[right[chosen]], labels[chosen]

    def load(start):
        *sides, label = tf.numpy_function(read, [start], [tf.uint8, tf.uint8, tf.float32])
        sides = tuple(tf.cast(tf.ensure_shape(images, shape), tf.float32) for images in sides)
        return sides, tf.ensure_shape(label, (None, 1))

    return tf.data.Dataset.range(0, len(pairs), batch_size).map(load).prefetch(2)


def augment(images: Any, config: ExperimentConfig, seed: Any) -> Any:
    """Changes each image at random, as the augmentation fields of the config say.

    Args:
        images: `(batch, height, width, 1)`, float32 in 0-255.
        config: an `ExperimentConfig`; a range of zero switches a change off.
        seed: `(2,)`, integers.

    Returns:
        `(batch, height, width, 1)`, float32 in 0-255.
    """
    ranges = config.rotation_degrees, config.shear_range, config.scale_range
    if any((config.flip, *ranges, config.translation_fraction)):
        images = _affine(images, config, seed)
    if config.elastic_fraction:
        images = _elastic(images, config, seed)
    if config.contrast_range or config.brightness_range:
        images = _jitter(images, config, seed)
    if config.erasing_probability:
        images = _erase(images, config, seed)
    return images


def _uniform(seed, stream, shape, low, high, dtype=tf.float32):
    # Each change has its own stream: switching one off leaves the others unchanged.
    # All 16 streams are in use: stream 16 would repeat stream 0 of the next step, and a factor
    # larger than 16 changes the random numbers of every training.
    return tf.random.stateless_uniform(
        shape, tf.stack([seed[0], seed[1] * 16 + stream]), low, high, dtype
    )


def random_symmetry(images: Any, labels: Any, count: int, seed: Any) -> tuple[Any, Any]:
    """Rotates and mirrors each image at random; each of the `symmetries` is a class of its own.

    Args:
        images: `(batch, side, side, 1)`, float32.
        labels: `(batch,)`, class numbers.
        count: 4 or 8.
        seed: as in `augment`.

    Returns:
        `(images, labels)`; class c in symmetry s has the label count * c + s.
    """
    chosen = _uniform(seed, 12, [tf.shape(images)[0]], 0, count, tf.int32)
    stacked = tf.stack(symmetries(images, count), axis=1)  # (batch, count, side, side, 1)
    return tf.gather(stacked, chosen, axis=1, batch_dims=1), labels * count + chosen


def _affine(images, config, seed):
    """Flips, rotates, scales, shears and translates each image around its centre, bilinearly.

    As in Koch et al. (2015, section 3.2) each change but the flip has its own probability.
    """
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]

    def drawn(stream, most):
        if not most:
            return tf.zeros([count])
        if config.affine_probability == 1.0:
            return _uniform(seed, stream, [count], -1.0, 1.0) * most
        value, chance = tf.unstack(_uniform(seed, stream, [count, 2], -1.0, 1.0), axis=1)
        return tf.where(chance < 2.0 * config.affine_probability - 1.0, value * most, 0.0)

    angle = drawn(0, math.radians(config.rotation_degrees))
    scale = tf.exp(drawn(1, math.log1p(config.scale_range)))
    down = drawn(2, config.translation_fraction * height)
    across = drawn(3, config.translation_fraction * width)
    shear_x, shear_y = drawn(13, config.shear_range), drawn(14, config.shear_range)
    mirror = tf.sign(_uniform(seed, 4, [count], -1.0, 1.0)) if config.flip else tf.ones([count])
    # The output pixel (x, y) takes its value from the input pixel (a x + b y + c, d x + e y + f).
    a, b = mirror * tf.cos(angle) / scale, -mirror * tf.sin(angle) / scale
    d, e = tf.sin(angle) / scale, tf.cos(angle) / scale
    a, b, d, e = a + b * shear_y, b + a * shear_x, d + e * shear_y, e + d * shear_x
    x, y = (width - 1) / 2, (height - 1) / 2
    c = x - a * (x + across) - b * (y + down)
    f = y - d * (x + across) - e * (y + down)
    zero = tf.zeros([count])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, c, d, e, f, zero, zero], axis=1),
        output_shape=[height, width],
        interpolation="BILINEAR",
        fill_mode=config.fill_mode.upper(),
        fill_value=255.0,
    )


def _elastic(images, config, seed):
    """Moves the points of a grid at random and interpolates between them (Simard et al., 2003)."""
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    drawn = _uniform(seed, 15, [count, 1 + 2 * ELASTIC_POINTS**2], -1.0, 1.0)
    # The strength differs from image to image, so some images hardly change.
    strength = tf.abs(drawn[:, :1]) * config.elastic_fraction
    moves = tf.reshape(drawn[:, 1:] * strength, [count, ELASTIC_POINTS, ELASTIC_POINTS, 2])
    moves = tf.image.resize(moves, [height, width], "bicubic") * [float(height), float(width)]
    grid = tf.meshgrid(tf.range(float(height)), tf.range(float(width)), indexing="ij")
    points = tf.stack(grid, axis=-1) + moves
    points = tf.clip_by_value(points, 0.0, [height - 1.001, width - 1.001])
    corner = tf.floor(points)
    down, across = tf.unstack(points - corner, axis=-1)
    row, column = tf.unstack(tf.cast(corner, tf.int32), axis=-1)
    pixels = tf.reshape(images, [count, height * width])
    first = tf.reshape(row * width + column, [count, height * width])

    def neighbour(offset):
        return tf.reshape(tf.gather(pixels, first + offset, batch_dims=1), [count, height, width])

    above = (1 - across) * neighbour(0) + across * neighbour(1)
    below = (1 - across) * neighbour(width) + across * neighbour(width + 1)
    return ((1 - down) * above + down * below)[..., tf.newaxis]


def _jitter(images, config, seed):
    shape = [tf.shape(images)[0], 1, 1, 1]
    contrast = tf.exp(_uniform(seed, 5, shape, -1.0, 1.0) * math.log1p(config.contrast_range))
    brightness = _uniform(seed, 6, shape, -1.0, 1.0) * config.brightness_range * 255.0
    mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
    return tf.clip_by_value((images - mean) * contrast + mean + brightness, 0.0, 255.0)


def _erase(images, config, seed):
    """Covers a rectangle of 15 to 40 % of height and width (random erasing: Zhong et al., 2020)."""
    shape, height, width = [tf.shape(images)[0], 1, 1, 1], images.shape[1], images.shape[2]
    covered = _uniform(seed, 11, shape, 0.0, 1.0) < config.erasing_probability
    for axis, stream, size in ((1, 7, height), (2, 9, width)):
        half = _uniform(seed, stream, shape, 0.15, 0.4) * size / 2
        centre = _uniform(seed, stream + 1, shape, 0.0, 1.0) * size
        shape_of_axis = [size if dimension == axis else 1 for dimension in range(4)]
        coordinates = tf.reshape(tf.range(size, dtype=tf.float32), shape_of_axis)
        covered &= tf.abs(coordinates - centre) < half
    return tf.where(covered, tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True), images)


def augmented_copies(image: np.ndarray, config: ExperimentConfig, num_copies: int) -> np.ndarray:
    """Copies of one image, each changed at random as in training.

    Args:
        image: `(height, width, 1)`, uint8.
        config: an `ExperimentConfig`, whose seed decides the changes.
        num_copies: the number of copies.

    Returns:
        `(num_copies, height, width, 1)`, uint8.
    """
    images = tf.repeat(tf.cast(image[None], tf.float32), num_copies, axis=0)
    changed = augment(images, config, tf.constant([config.seed, 0], tf.int64))
    return tf.cast(tf.round(changed), tf.uint8).numpy()
