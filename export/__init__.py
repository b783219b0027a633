"""From a checkpoint to a frozen graph with its contract, proved in both runtimes."""

import records  # noqa: F401 - before TensorFlow: it turns the start-up chatter off
