"""A very small training on a folder of own pictures, as the values of an experiment."""

OWN = {
    "dataset": "folder",
    "protocol": "people",
    "image_size": [32, 32],
    "embedding_size": 8,
    "base_filters": 16,
    "joint_bayesian": True,
    "loss": "margin_softmax",
    "monitor": "val_auc",
    "num_epochs": 1,
    "batch_size": 16,
    "mixed_precision": "float32",
}
