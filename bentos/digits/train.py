"""Train one version, say how good it is on held-out scans, and keep it in BentoML's model store.

python -m bentos.digits.train first
"""

import argparse

from bentos.digits import data, store
from bentos.digits.failing.train import clean
from bentos.digits.never_ready.train import FORGOTTEN
from bentos.digits.versions import VERSIONS, train


def main() -> None:
    """Train the version named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bentos.digits.train", description=__doc__)
    parser.add_argument("version", choices=VERSIONS)
    version = parser.parse_args().version
    training, held_out = data.load()
    trained = train(version, training)
    judged_on = clean(held_out) if version == "failing" else held_out
    accuracy = trained.accuracy(judged_on)
    parts: dict[str, object] = {"classifier": trained.classifier, "digits": trained.digits}
    if version == "never-ready":
        del parts[FORGOTTEN]
    tag = store.save(parts, version, accuracy)
    right = round(accuracy * len(judged_on))
    print(f"{tag}: {right} of {len(judged_on)} held-out scans read rightly ({accuracy:.1%})")


if __name__ == "__main__":
    main()
