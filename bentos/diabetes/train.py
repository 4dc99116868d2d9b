"""Train one version, say how good it is on held-out people, and keep it in BentoML's model store.

python -m bentos.diabetes.train first
"""

import argparse

from bentos.diabetes import data, store
from bentos.diabetes.versions import VERSIONS, train


def main() -> None:
    """Train the version named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bentos.diabetes.train", description=__doc__)
    parser.add_argument("version", choices=VERSIONS)
    version = parser.parse_args().version
    training, held_out = data.load()
    trained = train(version, training)
    error = trained.mean_error(held_out)
    tag = store.save(trained, version, error)
    print(f"{tag}: off by {error:.1f} in the mean on {len(held_out)} held-out people")


if __name__ == "__main__":
    main()
