"""What pixels alone reach on LFW-a's View 1, without learning: `results/lfwa/pixels.json`.

`python -m benchmarks.pixels --data-root LFWA`; the images are those of lfwa_pairs_small, the
threshold is from its validation pairs, and the test pairs are scored once.
"""

import argparse

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.cache import open_cache
from siamese_lib.data.load import load_dataset
from siamese_lib.evaluation.baseline import pixel_baseline
from siamese_lib.utils.files import write_json
from siamese_lib.utils.machine import project_path, versions


def main():
    """Measures and writes the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pixels", description=__doc__)
    parser.add_argument("--data-root", required=True, help="folder or archive of LFW-a")
    config = ExperimentConfig.from_yaml(project_path("experiments/lfwa_pairs_small.yaml"))
    dataset = load_dataset(config, parser.parse_args().data_root)
    pairs = dataset.split(config)
    cache = open_cache(dataset, config.crop, config.image_size, dataset.faces_of(config))
    metrics = pixel_baseline(cache, pairs)
    about = {"crop": list(config.crop), "image_size": list(config.image_size), "seed": config.seed}
    write_json(project_path("results/lfwa/pixels.json"), metrics | about | {"versions": versions()})
    print({split: metrics[split]["accuracy"] for split in ("validation", "test")})


if __name__ == "__main__":
    main()
