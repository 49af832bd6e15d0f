"""train(config) -> Run: from the config to a finished run directory, resumed after a kill."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.inference.model_file import OtherKeras, load_keras
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
from siamese_lib.training.ensemble import combine_runs
from siamese_lib.training.head import fit_projection
from siamese_lib.training.objectives import ExactAUC, build_loss, build_optimizer
from siamese_lib.training.pipeline import TrainingData, evaluation_batches, training_batches
from siamese_lib.training.results import keep_lists, save_intermediate, score_and_save
from siamese_lib.training.run import Run
from siamese_lib.training.start_from import take_weights
from siamese_lib.utils.machine import seed_everything, set_precision, versions
from siamese_lib.utils.tensorflow import keras, tf

EVALUATION_BATCH = 64


def train(
    config: ExperimentConfig,
    data_root: Path | str | None = None,
    runs_dir: Path | str = "runs",
    verbose: int = 2,
    wait: bool = False,
    callbacks: Sequence[Any] = (),
) -> Run:
    """Trains and evaluates a network, or combines the runs of an ensemble; a finished run is read.

    The training pairs are split by person: the network learns from one part, the other chooses
    epoch and threshold. The test pairs are scored once, at the end. A killed run resumes after its
    last whole epoch.

    Args:
        config: an `ExperimentConfig`.
        data_root: folder or archive of the dataset; not needed for the sample.
        runs_dir: the folder of run directories.
        verbose: as in `keras.Model.fit`: 0 silent, 1 progress bar, 2 a line for each epoch.
        wait: whether to wait for another process that trains this run, instead of an error.
        callbacks: further Keras callbacks, called last, after the epoch is saved.

    Returns:
        The finished `Run`.

    Raises:
        FileNotFoundError, ValueError: if the data or the run directory cannot be used.
    """
    return _train(Run.of(config, runs_dir), config, data_root, verbose, wait, callbacks)


def continue_run(
    directory: Path | str,
    data_root: Path | str | None = None,
    verbose: int = 2,
    wait: bool = False,
    callbacks: Sequence[Any] = (),
) -> Run:
    """Trains the run in a folder, wherever it was moved, by its `config.json`; see `train`.

    Args:
        directory: the run's folder.
        data_root, verbose, wait, callbacks: as in `train`.

    Raises:
        FileNotFoundError, ValueError: if the run or the data cannot be used.
    """
    run = Run(Path(directory).resolve())
    return _train(run, run.config, data_root, verbose, wait, callbacks)


def _train(
    run: Run,
    config: ExperimentConfig,
    data_root: Path | str | None,
    verbose: int,
    wait: bool,
    callbacks: Sequence[Any],
) -> Run:
    if run.done:
        if config.dataset == "folder" and data_root and not config.members:
            keep_lists(run, load_dataset(config, data_root))
        run.clean_up()
        return run
    runs_dir = run.directory.parent.parent
    networks = config.networks() if config.members else []
    members = [train(member, data_root, runs_dir, verbose, wait) for member in networks]
    held_out = None
    if config.final:
        held_out = train(config.held_out, data_root, runs_dir, verbose, wait)
    if not members:
        load_dataset(config, data_root)  # no folder is made for data that cannot be used
    with run.lock(wait):
        if run.done:  # finished by another process in the meantime
            return run
        run.remove_half_written()
        run.write_json("config.json", config.to_dict())
        if members:
            combine_runs(run, members, held_out)
        else:
            _train_network(run, config, data_root, verbose, callbacks, held_out)
        run.finish()
        run.clean_up()
    return run


def _train_network(
    run: Run,
    config: ExperimentConfig,
    data_root: Path | str | None,
    verbose: int,
    callbacks: Sequence[Any],
    held_out: Run | None,
) -> None:
    started = time.perf_counter()
    data = TrainingData.load(config, data_root, held_out)
    seconds = {"prepare": time.perf_counter() - started}
    if config.dataset == "folder":
        keep_lists(run, data.dataset)
    previous_policy = keras.config.dtype_policy()

    def save(epoch, learner):
        verifier = _verifier(config, _siamese_network(config, learner))
        save_intermediate(run.after_epoch(epoch), verifier, data, run.history.head(epoch))

    try:
        seed_everything(config.seed)
        policy = set_precision(config.mixed_precision)
        callbacks = [AtEpochs(config.score_epochs, save), Checkpoints(run), *callbacks]
        score_and_save(run, _fit(run, data, verbose, callbacks), data, seconds)
    except tf.errors.ResourceExhaustedError as error:
        raise ValueError(
            "TensorFlow ran out of memory or disk space; choose a smaller batch_size, or free "
            f"space for the run's folder. Received: {' '.join(str(error).split())[:200]}"
        ) from error
    finally:
        keras.config.set_dtype_policy(previous_policy)
    dataset = data.dataset
    origin = {
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint(dataset.faces_of(config)),
        "people_rule": dataset.people_rule,
    }
    run.write_json("versions.json", {**versions(), "precision": policy, "data": origin})


def _verifier(config: ExperimentConfig, network: Any) -> Verifier:
    names = ["encoder", "crop", "image_size", "test_time_flip", "mixed_precision", "align"]
    values = config.to_dict()
    return Verifier(network, {name: values[name] for name in names})


def _fit(run: Run, data: TrainingData, verbose: int, callbacks: Sequence[Any]) -> Verifier:
    """A `Verifier` with the trained encoder; the head is fitted later."""
    config = data.config
    if not config.is_hand_crafted:
        return _verifier(config, _fit_network(run, data, verbose, callbacks))
    verifier = _verifier(config, build_model(config))
    started = time.perf_counter()
    fit_projection(verifier, data.cache, data.class_sampler.shown(config.seed, epoch=0))
    run.write_history([{"epoch": 1, "seconds": time.perf_counter() - started}])
    return verifier


def _fit_network(run: Run, data: TrainingData, verbose: int, callbacks: Sequence[Any]) -> Any:
    """The trained Siamese network, with the last or the best weights."""
    config, cache = data.config, data.cache
    learner, first_epoch = _start(run, data)
    recorder = RunRecorder(run, config, first_epoch)
    if first_epoch < config.num_epochs and not recorder.should_stop():
        batches, steps_per_epoch = training_batches(cache, data.sampler, config, first_epoch)
        validation = None  # models that are trained on classes have a callback for validation
        if not config.learns_classes and not config.final:
            validation = evaluation_batches(cache, data.pairs["validation"], EVALUATION_BATCH)
        board = keras.callbacks.TensorBoard(run.path("tensorboard"), write_graph=False)
        # In this order: validation, then the record, then the checkpoint as the epoch's last step.
        learner.fit(
            batches,
            epochs=config.num_epochs,
            initial_epoch=first_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_data=validation,
            callbacks=[EpochSeeds(config.seed), *_validation(data), board, recorder, *callbacks],
            shuffle=False,  # the batches are shuffled by seed and epoch already
            verbose=verbose,
        )
    if config.keeps_best_weights:
        learner.load_weights(run.path("best.weights.h5"))
    return _siamese_network(config, learner)


def _validation(data: TrainingData) -> list[Any]:
    """The callbacks that validate after each epoch, where `fit` does not."""
    config = data.config
    if config.final:
        return []  # nobody is held out
    if config.monitor != "val_oneshot_accuracy":
        return [PairValidation(data)] if config.learns_classes else []
    if not data.trial_sets:
        raise ValueError(
            "monitor: val_oneshot_accuracy needs groups whose people share two picture numbers. "
            f"Received: dataset {config.dataset} without one-shot trials"
        )
    return [OneShotValidation(data)]


def _siamese_network(config: ExperimentConfig, learner: Any) -> Any:
    """The Siamese network of a learner, as a copy without the optimizer's state.

    That state would make the saved model three times as large.
    """
    trained = build_model(config)
    for name in ("encoder",) if config.learns_classes else ("encoder", "head"):
        trained.get_layer(name).set_weights(learner.get_layer(name).get_weights())
    if config.start_from and config.learns_classes:
        take_weights(trained, config, "head")
    return trained


def _start(run: Run, data: TrainingData) -> tuple[Any, int]:
    """The learner and its number of trained epochs: from the last checkpoint, or new and 0."""
    config, sampler = data.config, data.sampler
    if checkpoints := run.checkpoints():
        return _load(checkpoints[-1]), int(checkpoints[-1].stem.split("-")[1])
    num_classes = 0
    if config.learns_classes:
        num_classes = config.symmetries * len(data.class_sampler.classes)
    learner = build_learner(config, num_classes)
    if config.start_from:
        take_weights(learner, config, "encoder")
    metrics = []  # of a model that is trained on classes the loss alone
    if not config.learns_classes:
        capacity = max(len(sampler), len(data.pairs["validation"]))
        metrics = [keras.metrics.BinaryAccuracy(name="accuracy"), ExactAUC(capacity)]
    learner.compile(
        optimizer=build_optimizer(config, config.steps_per_epoch(len(sampler))),
        loss=build_loss(config),
        metrics=metrics,
    )
    # Otherwise Keras makes the optimizer's variables while TensorFlow traces the first step, and
    # the step is traced a second time.
    learner.optimizer.build(learner.trainable_variables)
    return learner, 0


def _load(checkpoint: Path) -> Any:
    try:
        learner = load_keras(checkpoint)
        if not learner.compiled:
            raise ValueError("it holds no optimizer")
        return learner
    except Exception as error:  # Keras raises many classes of errors for a damaged file
        fault, cause = "is damaged;", error
        if isinstance(error, OtherKeras):
            fault, cause = str(error), error.cause
        reason = " ".join(str(cause).split())[:200]
        raise ValueError(
            f"The checkpoint {fault} delete it, and training starts again. "
            f"Received: {checkpoint} ({reason})"
        ) from error
