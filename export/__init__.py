"""From a checkpoint to a frozen graph with its contract, proved in both runtimes."""
