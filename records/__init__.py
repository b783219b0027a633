"""Records of faces: the points, one record, sharded sets of them, and the error measures."""

import os

# before TensorFlow is imported for the first time: its start-up chatter is not ours to show
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
