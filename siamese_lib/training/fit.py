"""train(config) -> Run: one training from the config to a finished run directory, resumed where a kill left it."""

import time

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.images import open_cache
from siamese_lib.data.load import load_dataset
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import build_learner, build_model
from siamese_lib.training.callbacks import (
    AtEpochs,
    Checkpoints,
    EpochSeeds,
    OneShotValidation,
    PairValidation,
    RunRecorder,
)
from siamese_lib.training.objectives import build_loss, build_optimizer
from siamese_lib.training.pipeline import evaluation_batches, training_batches
from siamese_lib.training.results import Results, fuse_runs
from siamese_lib.training.run import Run
from siamese_lib.utils.machine import project_path, seed_everything, set_precision, versions
from siamese_lib.utils.tensorflow import keras, tf

EVALUATION_BATCH = 64


def train(config, data_root=None, runs_dir="runs", verbose=2, wait=False, callbacks=()):
    """Trains and evaluates one network, or fuses the runs of an ensemble, or reads the run if it is finished already.

    The training pairs are split by person; the network learns from one part, the other chooses epoch and threshold; the test pairs
    are scored once, at the end. A run that was killed goes on after its last whole epoch.

    Args:
        config: an `ExperimentConfig`.
        data_root: folder or archive of LFW-a; not needed for the sample.
        runs_dir: where run directories are made.
        verbose: as in `keras.Model.fit`: 0 silent, 1 progress bar, 2 a line an epoch.
        wait: whether to wait for another process that trains this run, instead of saying so.
        callbacks: further Keras callbacks; they are called last, when an epoch is written down.

    Returns:
        The finished `Run`.

    Raises:
        FileNotFoundError, ValueError: if the data or the run directory cannot be used.
    """
    run = Run.of(config, runs_dir)
    if run.done:
        run.clean_up()
        return run
    members = [train(member, data_root, runs_dir, verbose, wait) for member in _members(config)]
    with run.lock(wait):
        if run.done:  # by another process, since the look above
            return run
        run.remove_half_written()
        run.write_json("config.json", config.to_dict())
        if members:
            fuse_runs(run, members)
        else:
            _train_network(config, run, load_dataset(config.dataset, data_root), verbose, callbacks)
        run.finish()
        run.clean_up()
    return run


def _members(config):
    """The configs of the runs that an ensemble fuses."""
    folder = project_path("experiments")
    runs = [member.split("/seed_") for member in config.members]
    return [
        ExperimentConfig.from_yaml(folder / f"{experiment}.yaml", {"seed": int(seed)})
        for experiment, seed in runs
    ]


def _train_network(config, run, dataset, verbose, callbacks):
    started = time.perf_counter()
    results = Results(
        config,
        dataset,
        pairs=dataset.split(config),
        examples=dataset.examples(config),
        cache=open_cache(dataset, config.crop, config.image_size, dataset.faces_of(config)),
        trial_sets=dataset.trial_sets(config),
    )
    seconds = {"prepare": time.perf_counter() - started}
    previous_policy = keras.config.dtype_policy()

    def save_intermediate(epoch, learner):
        results.save_intermediate(
            run.after_epoch(epoch),
            _verifier(config, _without_optimizer(config, learner)),
            run.history.head(epoch),
        )

    try:
        seed_everything(config.seed)
        policy = set_precision(config.mixed_precision)
        callbacks = [AtEpochs(config.score_epochs, save_intermediate), Checkpoints(run), *callbacks]
        results.write(run, _fitted(run, results, verbose, callbacks), seconds)
    except tf.errors.ResourceExhaustedError as error:
        raise ValueError(
            "TensorFlow ran out of memory or of disk space; take a smaller batch_size, or free space for the run's folder. "
            f"Received: {' '.join(str(error).split())[:200]}"
        ) from error
    finally:
        keras.config.set_dtype_policy(previous_policy)
    data = {
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint(dataset.faces_of(config)),
        "people_rule": dataset.people_rule,
    }
    run.write_json("versions.json", {**versions(), "precision": policy, "data": data})


def _verifier(config, network):
    values = config.to_dict()
    return Verifier(
        network,
        {key: values[key] for key in ("crop", "image_size", "test_time_flip", "mixed_precision")},
    )


def _fitted(run, results, verbose, callbacks):
    """A `Verifier` around the trained network, its head not yet fitted."""
    config, examples = results.config, results.examples
    if config.encoder != "lbp":
        return _verifier(config, _fitted_network(run, results, verbose, callbacks))
    verifier = _verifier(config, build_model(config))
    started = time.perf_counter()
    verifier.fit_projection(results.cache, examples.shown(config.seed, epoch=0))
    run.write_history([{"epoch": 1, "seconds": time.perf_counter() - started}])
    return verifier


def _fitted_network(run, results, verbose, callbacks):
    """The trained Siamese network, with the weights that the config asks for."""
    config, cache, examples, validation = (
        results.config,
        results.cache,
        results.examples,
        results.pairs["validation"],
    )
    learner, first_epoch = _start(config, run, examples)
    recorder = RunRecorder(run, config, first_epoch)
    if first_epoch < config.num_epochs and not recorder.should_stop():
        batches, steps_per_epoch = training_batches(cache, examples, config, first_epoch)
        # In this order: what is measured first, who writes it down next; the checkpoint is the last thing that an epoch does.
        board = keras.callbacks.TensorBoard(run.path("tensorboard"), write_graph=False)
        learner.fit(
            batches,
            epochs=config.num_epochs,
            initial_epoch=first_epoch,
            steps_per_epoch=steps_per_epoch,
            # A learner of classes has no pairs as input: there a callback of its own scores the validation pairs.
            validation_data=evaluation_batches(cache, validation, EVALUATION_BATCH)
            if not config.learns_classes
            else None,
            callbacks=[EpochSeeds(config.seed), *_measures(results), board, recorder, *callbacks],
            shuffle=False,  # the batches come shuffled, by seed and epoch
            verbose=verbose,
        )
    if config.restore_best_weights:
        learner.load_weights(run.path("best.weights.h5"))
    return _without_optimizer(config, learner)


def _measures(results):
    """The callbacks that measure after each epoch what `fit` itself does not."""
    config = results.config
    if config.monitor == "val_oneshot_accuracy":
        if not results.trial_sets:
            raise ValueError(
                f"monitor: val_oneshot_accuracy wants a dataset with groups, as omniglot. Received: dataset {config.dataset}"
            )
        return [OneShotValidation(config, results.cache, results.trial_sets["validation"])]
    return (
        [PairValidation(config, results.cache, results.pairs["validation"])]
        if config.learns_classes
        else []
    )


def _without_optimizer(config, learner):
    """The Siamese network of a learner: a copy, since the optimizer's state would make the saved model three times as large."""
    trained = build_model(config)
    for part in ("encoder",) if config.learns_classes else ("encoder", "head"):
        trained.get_layer(part).set_weights(learner.get_layer(part).get_weights())
    return trained


def _start(config, run, examples):
    """A fresh compiled learner and 0, or the one of the last checkpoint and the number of epochs that it has behind it."""
    checkpoints = run.checkpoints()
    if checkpoints:
        return _loaded(checkpoints[-1]), int(checkpoints[-1].stem.split("-")[1])
    learner = build_learner(
        config, config.symmetries * len(examples.classes) if config.learns_classes else 0
    )
    learner.compile(
        optimizer=build_optimizer(config, config.steps_per_epoch(len(examples))),
        loss=build_loss(config),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy"), keras.metrics.AUC(name="auc")]
        if not config.learns_classes
        else [],
    )
    return learner, 0


def _loaded(checkpoint):
    try:
        return keras.saving.load_model(checkpoint, safe_mode=True)
    except Exception as error:  # Keras raises many kinds for a file that is not what it should be
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"The checkpoint is damaged; delete it, and training starts anew. Received: {checkpoint} ({reason})"
        ) from error
