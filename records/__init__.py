"""Records of faces: the points, one record, sharded sets of them, and the error measures."""
