"""Tools for one's own scripts, each usable without a run: `convalesce.oversample` and its like.

One file a tool, loaded when it is asked for. Beside Keras's own types they take and give arrays.
"""
