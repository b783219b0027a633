"""The network, its losses, augmentation, batches and training."""

import records  # noqa: F401 - before TensorFlow: it turns the start-up chatter off
