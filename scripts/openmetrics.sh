#!/usr/bin/env bash
# Has both roles write what they can measure, and has a parser that is not ours read it: that of Prometheus's Python client,
# in the virtual environment that scripts/setup.sh makes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/python.sh

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
TASKWIRE_OPENMETRICS=$folder cargo test --locked --quiet -p taskwire --test openmetrics
"$PYTHON_VENV/bin/python" scripts/openmetrics.py "$folder"/*.txt
