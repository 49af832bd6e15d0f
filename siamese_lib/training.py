"""train(config) -> Run: one training from the config to a finished run directory, resumed where a kill left it."""

import dataclasses
import time
import warnings

import numpy as np

from siamese_lib.backend import keras, tf
from siamese_lib.callbacks import AfterEpochs, Checkpoints, EpochSeeds, PairValidation, RunRecorder
from siamese_lib.config import ExperimentConfig
from siamese_lib.datasets import load_dataset
from siamese_lib.environment import project_path, seed_everything, set_precision, versions
from siamese_lib.evaluation import metrics_of_splits
from siamese_lib.fusion import fuse_runs
from siamese_lib.images import evaluation_batches, open_cache, training_batches
from siamese_lib.losses import binary_crossentropy, build_loss
from siamese_lib.model import build_learner, build_model, count_parameters
from siamese_lib.oneshot import by_cosine, oneshot_table, pixel_vectors
from siamese_lib.optimizers import build_optimizer
from siamese_lib.runs import SPLITS, Run
from siamese_lib.scoring import Verifier

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
        run.remove_leftovers()
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
        run.remove_leftovers()
    return run


def _members(config):
    """The configs of the runs that an ensemble fuses."""
    folder = project_path("experiments")
    runs = [member.split("/seed_") for member in config.members]
    return [ExperimentConfig.from_yaml(folder / f"{experiment}.yaml", {"seed": int(seed)}) for experiment, seed in runs]


def _train_network(config, run, dataset, verbose, callbacks):
    started = time.perf_counter()
    pairs = dataset.split(config)
    examples = dataset.examples(config)
    cache = open_cache(dataset, config.crop, config.image_size, dataset.faces_of(config))
    seconds = {"prepare": time.perf_counter() - started}
    previous_policy = keras.config.dtype_policy()

    def write_state(epoch, learner):
        _write_state(config, run.after_epoch(epoch), _without_optimizer(config, learner), run.history.head(epoch), cache, examples, pairs)

    try:
        seed_everything(config.seed)
        policy = set_precision(config.mixed_precision)
        callbacks = [AfterEpochs(config.score_epochs, write_state), Checkpoints(run), *callbacks]
        verifier = _fitted(config, run, cache, examples, pairs["validation"], verbose, callbacks)
        _write_results(config, run, verifier, cache, examples, pairs, seconds)
    except tf.errors.ResourceExhaustedError as error:
        raise ValueError(
            "TensorFlow ran out of memory or of disk space; take a smaller batch_size, or free space for the run's folder. "
            f"Received: {' '.join(str(error).split())[:200]}"
        ) from error
    finally:
        keras.config.set_dtype_policy(previous_policy)
    data = {"dataset": dataset.name, "fingerprint": dataset.fingerprint(dataset.faces_of(config)), "people_rule": dataset.people_rule}
    run.write_json("versions.json", {**versions(), "precision": policy, "data": data})


def _verifier(config, network):
    return Verifier(
        network,
        {
            "crop": config.crop and list(config.crop),
            "image_size": list(config.image_size),
            "mirror_averaging": config.mirror_averaging,
            "mixed_precision": config.mixed_precision,
        },
    )


def _fitted(config, run, cache, examples, validation, verbose, callbacks):
    """A `Verifier` around the trained network, its head not yet fitted."""
    if config.encoder != "lbp":
        return _verifier(config, _fitted_network(config, run, cache, examples, validation, verbose, callbacks))
    verifier = _verifier(config, build_model(config))
    started = time.perf_counter()
    verifier.fit_projection(cache, examples.shown(config.seed, epoch=0))
    run.write_history([{"epoch": 1, "seconds": time.perf_counter() - started}])
    return verifier


def _fitted_network(config, run, cache, examples, validation, verbose, callbacks):
    """The trained Siamese network, with the weights that the config asks for."""
    learner, first_epoch = _start(config, run, examples)
    recorder = RunRecorder(run, config, first_epoch)
    if first_epoch < config.num_epochs and not recorder.should_stop():
        batches, steps_per_epoch = training_batches(cache, examples, config, first_epoch)
        # In this order: what is measured first, who writes it down next; the checkpoint is the last thing that an epoch does.
        measures = [PairValidation(config, cache, validation)] if config.learns_classes else []
        board = keras.callbacks.TensorBoard(run.path("tensorboard"), write_graph=False)
        learner.fit(
            batches,
            epochs=config.num_epochs,
            initial_epoch=first_epoch,
            steps_per_epoch=steps_per_epoch,
            # A learner of classes has no pairs as input: there a callback of its own scores the validation pairs.
            validation_data=evaluation_batches(cache, validation, EVALUATION_BATCH) if not config.learns_classes else None,
            callbacks=[EpochSeeds(config.seed), *measures, board, recorder, *callbacks],
            shuffle=False,  # the batches come shuffled, by seed and epoch
            verbose=verbose,
        )
    if config.weights == "best":
        learner.load_weights(run.path("best.weights.h5"))
    return _without_optimizer(config, learner)


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
    learner = build_learner(config, len(examples.classes) if config.learns_classes else 0)
    learner.compile(
        optimizer=build_optimizer(config, config.steps_per_epoch(len(examples))),
        loss=build_loss(config),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy"), keras.metrics.AUC(name="auc")] if not config.learns_classes else [],
    )
    return learner, 0


def _loaded(checkpoint):
    try:
        return keras.saving.load_model(checkpoint, safe_mode=True)
    except Exception as error:  # Keras raises many kinds for a file that is not what it should be
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"The checkpoint is damaged; delete it, and training starts anew. Received: {checkpoint} ({reason})") from error


def _write_state(config, run, network, history, cache, examples, pairs):
    """What a run of so few epochs would have written, but for the model: scores and metrics of the network as it is now."""
    if run.done:
        return
    run.write_json("config.json", dataclasses.replace(config, num_epochs=len(history), score_epochs=()).to_dict())
    run.write_history(history.to_dict("records"))
    _write_scores(config, run, _verifier(config, network), cache, examples, pairs, {})
    run.finish()


def _write_results(config, run, verifier, cache, examples, pairs, seconds):
    """Scores every pair, chooses the threshold on validation, writes scores, metrics and model."""
    metrics, embeddings = _write_scores(config, run, verifier, cache, examples, pairs, seconds)
    run.write_oneshot(_oneshot(config, verifier, cache, pairs["test"].faces, embeddings["test"]))
    verifier.settings |= {
        "threshold": metrics["threshold"],
        "experiment": config.experiment,
        "dataset": config.dataset,
        "seed": config.seed,
    }
    verifier.save(run.path("model.keras"))


def _write_scores(config, run, verifier, cache, examples, pairs, seconds):
    embeddings = {split: verifier.embed_faces(cache, pairs[split].faces) for split in ("train", "validation")}
    if config.learns_classes:
        _fit_head(config, verifier, cache, examples, pairs["validation"], embeddings["validation"])
    started = time.perf_counter()
    embeddings["test"] = verifier.embed_faces(cache, pairs["test"].faces)
    scores = {"test": verifier.score_embedded(pairs["test"], embeddings["test"])}
    predict = time.perf_counter() - started
    scores |= {split: verifier.score_embedded(pairs[split], embeddings[split]) for split in ("train", "validation")}
    _warn_of_collapse(embeddings["validation"], scores["validation"])
    losses = {split: penalised_loss(verifier.network, scores[split], pairs[split].labels) for split in SPLITS}
    metrics = metrics_of_splits(pairs, scores, losses)
    metrics["seconds"] = seconds | {"predict": predict} | _seconds_of(run.history)
    metrics |= {"num_epochs": len(run.history), "parameters": count_parameters(verifier.network), "examples": examples.counts}
    run.write_scores(pairs, scores)
    run.write_json("metrics.json", metrics)
    return metrics, embeddings


def _seconds_of(history):
    """Times of a training: the median of an epoch, until the epoch with the best validation AUC, all of it."""
    best = history["val_auc"].idxmax() if "val_auc" in history else len(history) - 1
    seconds = history["seconds"]
    return {"epoch": float(seconds.median()), "converge": float(seconds[: best + 1].sum()), "train": float(seconds.sum())}


def _oneshot(config, verifier, cache, faces, embeddings):
    """N-way one-shot accuracy on pictures of test people: the network's own score, and the pixels without any learning."""
    network = {config.experiment: lambda left, right: verifier.score(embeddings[left], embeddings[right])}
    return oneshot_table(network | {"pixels": by_cosine(pixel_vectors(cache[faces]))}, faces)


def _fit_head(config, verifier, cache, examples, validation, embeddings):
    """No pair was trained on, so the head knows nothing yet: classes give it joint Bayesian, validation pairs make it a probability."""
    if config.joint_bayesian:
        # The pictures of one epoch, so that somebody with hundreds of pictures does not decide alone what varies within people.
        shown = examples.shown(config.seed, epoch=0)
        verifier.fit_joint_bayesian(cache, shown, [examples.class_of[face] for face in shown])
    verifier.calibrate(verifier.score_embedded(validation, embeddings), validation.labels)


def penalised_loss(network, scores, labels):
    """The loss as trained: mean cross-entropy plus the layers' L2 penalties, with dropout off."""
    columns = (np.asarray(values, dtype=np.float32)[:, np.newaxis] for values in (labels, scores))
    crossentropy = float(keras.ops.mean(binary_crossentropy(*columns)))
    return crossentropy + float(sum(keras.ops.convert_to_numpy(penalty) for penalty in network.losses))


def _warn_of_collapse(embeddings, scores):
    if np.ptp(scores) < 1e-4:
        warnings.warn(
            "The network gives every validation pair the same score: it has learnt nothing; lower the learning_rate.", stacklevel=2
        )
    if float(embeddings.std(axis=0).max()) < 1e-4:
        warnings.warn("The embeddings have collapsed: every face has the same one; lower the learning_rate.", stacklevel=2)
