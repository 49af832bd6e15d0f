"""An ensemble: the scores of several finished runs on the same pairs, weighed by a logistic regression on the validation pairs."""

import numpy as np
from sklearn.metrics import log_loss

from siamese_lib.environment import versions
from siamese_lib.evaluation import log_odds, metrics_of_splits
from siamese_lib.runs import SPLITS

PAIR_COLUMNS = ["split", "left", "right", "label"]


def fuse(validation_scores, labels, scores):
    """Weighs the log-odds of the members by a logistic regression on validation pairs.

    Args:
        validation_scores: `(num_members, num_validation_pairs)`, probabilities.
        labels: of the validation pairs, 1 = same person.
        scores: `{split: (num_members, num_pairs)}`, the pairs to be scored.

    Returns:
        `(fused, weights)`: `{split: (num_pairs,)}`, probabilities, and the weight of each member's standardised log-odds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = make_pipeline(StandardScaler(), LogisticRegression())
    regression.fit(log_odds(validation_scores).T, np.asarray(labels))
    fused = {split: regression.predict_proba(log_odds(members).T)[:, 1] for split, members in scores.items()}
    return fused, [float(weight) for weight in regression[-1].coef_[0]]


def fuse_runs(run, members):
    """Writes the run of an ensemble: config and `DONE` are left to the caller.

    Args:
        run: the `Run` to be written.
        members: finished `Run`s that scored the same pairs.

    Raises:
        ValueError: if the members scored different pairs: others were held out of one than of another.
    """
    tables = [member.scores() for member in members]
    for member, table in zip(members, tables):
        if not table[PAIR_COLUMNS].equals(tables[0][PAIR_COLUMNS]):
            raise ValueError(
                "The members of an ensemble must score the same pairs; give them one protocol, validation_fraction and split_seed. "
                f"Received: {members[0].directory} and {member.directory}"
            )
    pairs = {split: members[0].pairs(split) for split in SPLITS}
    scores = {split: np.stack([table["score"][table["split"] == split] for table in tables]) for split in SPLITS}
    fused, weights = fuse(scores["validation"], pairs["validation"].labels, scores)
    losses = {split: log_loss(pairs[split].labels, fused[split]) for split in SPLITS}
    parts = [member.metrics for member in members]
    metrics = metrics_of_splits(pairs, fused, losses)
    metrics["seconds"] = {key: sum(part["seconds"][key] for part in parts) for key in parts[0]["seconds"]}
    metrics["parameters"] = {key: sum(part["parameters"][key] for part in parts) for key in parts[0]["parameters"]}
    metrics["num_epochs"] = sum(part["num_epochs"] for part in parts)
    metrics["weights"] = dict(zip(run.config.members, weights))
    run.write_scores(pairs, fused)
    run.write_json("metrics.json", metrics)
    run.write_json("versions.json", {**versions(), "data": members[0].versions["data"]})
