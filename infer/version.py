"""The version of what is installed; setup.cfg says the same."""

VERSION = "0.2.0"
