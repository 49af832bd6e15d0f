"""Random changes of images while training; the same seed gives the same changes, whatever ran before."""

import math

import numpy as np

from siamese_lib.data.sampling import PairSampler
from siamese_lib.models.layers import symmetries
from siamese_lib.utils.tensorflow import tf


def training_batches(cache, examples, config, first_epoch=0):
    """Batches for `fit`, from `first_epoch` on to the end of the training.

    Order and augmentation of an epoch depend on the seed and the epoch's number alone, so that a training that was interrupted
    sees what an uninterrupted one would have seen.

    Args:
        cache: a `FaceCache`.
        examples: `sampling.PairSampler` or `sampling.ClassSampler`.
        config: an `ExperimentConfig`.
        first_epoch: counted from 0.

    Returns:
        `(dataset, steps_per_epoch)`; the `tf.data.Dataset` yields `((left, right), label)` or `(image, label)` with images
        `(batch, height, width, 1)`, float32 in 0-255, and labels as `examples` has them.
    """
    pass
    from siamese_lib.utils.tensorflow import tf

    sides = np.stack(
        [cache.rows_of(column) for column in examples.columns], axis=1
    )  # (num_examples, 1 or 2)
    rows, labels, num_sides = tf.constant(sides), tf.constant(examples.labels), sides.shape[1]
    shape = (None, *config.image_size, 1)

    def batches_of_epoch(epoch):
        order = tf.numpy_function(
            lambda number: examples.order(config.seed, int(number)), [epoch], tf.int64
        )
        batches = tf.data.Dataset.from_tensor_slices(tf.ensure_shape(order, (None,))).batch(
            config.batch_size
        )
        return batches.enumerate().map(lambda step, chosen: (epoch, step, chosen))

    def load(epoch, step, chosen):
        wanted = tf.reshape(
            tf.transpose(tf.gather(rows, chosen)), [-1]
        )  # all left faces, then all right ones
        # The images stay in the memory map: a training holds only the batches under way.
        images = tf.numpy_function(lambda numbers: cache.images[numbers], [wanted], tf.uint8)
        images = tf.cast(tf.ensure_shape(images, shape), tf.float32)
        seed, label = (
            tf.stack([tf.cast(config.seed, tf.int64) * 100_003 + epoch, step]),
            tf.gather(labels, chosen),
        )
        if config.symmetries > 1:
            images, label = random_symmetry(images, label, config.symmetries, seed)
        images = augment(images, config, seed)
        return (images if num_sides == 1 else tuple(tf.split(images, num_sides))), label

    epochs = tf.data.Dataset.range(first_epoch, config.num_epochs)
    batches = epochs.flat_map(batches_of_epoch).map(
        load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    return batches.prefetch(2), config.steps_per_epoch(len(examples))


def evaluation_batches(cache, pairs, batch_size):
    """Batches of pairs in their order, as they are, once: `((left, right), label)` as in `training_batches`."""
    from siamese_lib.utils.tensorflow import tf

    examples = PairSampler(pairs)
    (left, right), labels = map(cache.rows_of, examples.columns), examples.labels

    def load(start):
        chosen = slice(start, start + batch_size)
        return cache.images[left[chosen]], cache.images[right[chosen]], labels[chosen]

    def form(start):
        first, second, label = tf.numpy_function(load, [start], [tf.uint8, tf.uint8, tf.float32])
        shape = (None, *cache.images.shape[1:])
        first, second = (
            tf.cast(tf.ensure_shape(images, shape), tf.float32) for images in (first, second)
        )
        return (first, second), tf.ensure_shape(label, (None, 1))

    return tf.data.Dataset.range(0, len(pairs), batch_size).map(form).prefetch(2)


ELASTIC_POINTS = 5  # in each direction, of the grid whose points elastic distortion moves


def augment(images, config, seed):
    """Mirrors, turns, shears, scales, shifts and bends each image, changes its contrast and brightness, covers a part, as `config` says.

    Args:
        images: `(batch, height, width, 1)`, float32 in 0-255.
        config: an `ExperimentConfig`; a range of zero leaves that quality as it is.
        seed: `(2,)`, integers.

    Returns:
        `(batch, height, width, 1)`, float32 in 0-255.
    """
    if any(
        (
            config.flip,
            config.rotation_degrees,
            config.shear_range,
            config.scale_range,
            config.translation_fraction,
        )
    ):
        images = _affine(images, config, seed)
    if config.elastic_fraction:
        images = _elastic(images, config, seed)
    if config.contrast_range or config.brightness_range:
        images = _jitter(images, config, seed)
    if config.erasing_probability:
        images = _erase(images, config, seed)
    return images


def _uniform(seed, stream, shape, low, high, dtype=tf.float32):
    # Each quality draws from a stream of its own, so that switching one off leaves the others as they were.
    return tf.random.stateless_uniform(
        shape, tf.stack([seed[0], seed[1] * 16 + stream]), low, high, dtype
    )


def random_symmetry(images, labels, count, seed):
    """Shows each image in one of its `symmetries`; a character that stands on its head is another one.

    Args:
        images: `(batch, side, side, 1)`, float32.
        labels: `(batch,)`, class numbers.
        count: 4 or 8.
        seed: as in `augment`.

    Returns:
        `(images, labels)`: of class c in symmetry s the label is count * c + s.
    """
    chosen = _uniform(seed, 12, [tf.shape(images)[0]], 0, count, tf.int32)
    stacked = tf.stack(symmetries(images, count), axis=1)  # (batch, count, side, side, 1)
    return tf.gather(stacked, chosen, axis=1, batch_dims=1), labels * count + chosen


def _affine(images, config, seed):
    """One affine map an image around its centre, bilinear. After Koch et al. (2015, section 3.2), where each change has its own chance."""
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
    down, across = (
        drawn(2, config.translation_fraction * height),
        drawn(3, config.translation_fraction * width),
    )
    lean, slant = drawn(13, config.shear_range), drawn(14, config.shear_range)
    mirror = tf.sign(_uniform(seed, 4, [count], -1.0, 1.0)) if config.flip else tf.ones([count])
    # ImageProjectiveTransformV3 maps each output pixel (x, y) to the input pixel (a x + b y + c, d x + e y + f).
    a, b = mirror * tf.cos(angle) / scale, -mirror * tf.sin(angle) / scale
    d, e = tf.sin(angle) / scale, tf.cos(angle) / scale
    a, b, d, e = a + b * slant, b + a * lean, d + e * slant, e + d * lean
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
    """Moves the points of a grid at random and what lies between them smoothly (elastic distortion: Simard et al., 2003), bilinear."""
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    drawn = _uniform(seed, 15, [count, 1 + 2 * ELASTIC_POINTS**2], -1.0, 1.0)
    most = (
        tf.abs(drawn[:, 0]) * config.elastic_fraction
    )  # from image to image, so that some stay nearly as they were
    moves = tf.reshape(
        drawn[:, 1:] * most[:, tf.newaxis], [count, ELASTIC_POINTS, ELASTIC_POINTS, 2]
    )
    moves = tf.image.resize(moves, [height, width], "bicubic") * [float(height), float(width)]
    places = (
        tf.stack(
            tf.meshgrid(tf.range(float(height)), tf.range(float(width)), indexing="ij"), axis=-1
        )
        + moves
    )
    places = tf.clip_by_value(places, 0.0, [height - 1.001, width - 1.001])
    corner = tf.floor(places)
    (down, across), (row, column) = (
        tf.unstack(places - corner, axis=-1),
        tf.unstack(tf.cast(corner, tf.int32), axis=-1),
    )
    pixels, first = (
        tf.reshape(images, [count, height * width]),
        tf.reshape(row * width + column, [count, height * width]),
    )

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
        places = tf.reshape(
            tf.range(size, dtype=tf.float32),
            [size if dimension == axis else 1 for dimension in range(4)],
        )
        covered &= tf.abs(places - centre) < half
    return tf.where(covered, tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True), images)


def augmented_copies(image, config, num_copies):
    """Several copies of one image, each changed at random as in training.

    Args:
        image: `(height, width, 1)`, uint8.
        config: an `ExperimentConfig`; its seed decides which changes are drawn.

    Returns:
        `(num_copies, height, width, 1)`, uint8.
    """
    images = tf.repeat(tf.cast(image[None], tf.float32), num_copies, axis=0)
    return tf.cast(
        tf.round(augment(images, config, tf.constant([config.seed, 0], tf.int64))), tf.uint8
    ).numpy()
