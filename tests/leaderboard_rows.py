"""A made-up row of the leaderboard."""


def row_of(experiment, accuracy, oneshot=None):
    """A row of the leaderboard."""
    of_trials = {"accuracy": oneshot, "accuracy_sd": 0.01, "accuracy_interval": [0.1, 0.2]}
    row = {
        "experiment": experiment,
        "protocol": "pairs",
        "encoder": "compact",
        "num_parameters": 5,
        "num_seeds": 1,
        "validation_accuracy_mean": 0.85,
        "test_accuracy_mean": accuracy,
        "test_accuracy_sd": None,
        "test_accuracy_interval": [0.5, 0.95],
        "test_accuracy_at_half_mean": 0.5,
        "test_auc_mean": 0.93,
        "train_seconds_mean": 60.0,
    }
    return row | ({"oneshot": {"test": of_trials, "test_400": of_trials}} if oneshot else {})
