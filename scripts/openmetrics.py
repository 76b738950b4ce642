"""Reads OpenMetrics text with the parser of Prometheus's own Python client, which refuses what the format does not allow.

    python scripts/openmetrics.py FILE...

Says how many families and samples each file has; a file that the parser refuses, or that has none, is an error.
"""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def main(paths: list[str]) -> int:
    if not paths:
        print("openmetrics: error: no file was given", file=sys.stderr)
        return 2
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        try:
            families = list(text_string_to_metric_families(text))
        except ValueError as error:
            print(f"openmetrics: error: {path}: {error}", file=sys.stderr)
            return 1
        samples = sum(len(family.samples) for family in families)
        kinds = {family.type for family in families}
        if not {"counter", "gauge", "histogram"} <= kinds:
            print(f"openmetrics: error: {path}: only families of {sorted(kinds)}", file=sys.stderr)
            return 1
        print(f"{path}: {len(families)} families, {samples} samples")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
