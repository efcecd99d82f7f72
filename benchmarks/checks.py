"""Equal results and univariate maps, as one JSON line: run in a process of its own."""

from __future__ import annotations

import json
import sys
import warnings

from benchmarks import equal, univariate

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    outcome = {"equal": equal.compare(), "univariate": univariate.compare()}
    sys.stdout.write(json.dumps(outcome) + "\n")
