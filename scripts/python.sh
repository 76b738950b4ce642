# Sourced: where the virtual environment of the tests' Python tools is, and which versions stand in it.
PYTHON_VENV=$PWD/build/python
PROMETHEUS_CLIENT=prometheus-client==0.21.1
