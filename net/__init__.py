"""The network, its losses, augmentation, batches and training."""
