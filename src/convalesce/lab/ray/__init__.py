"""Arms trained on a Ray cluster: the snapshot of a fit travels once, each arm goes to a worker.

A worker has a `KerasLab` of its own on what arrived and trains as the driver's would. Ray is an
extra: it is loaded when a cluster is asked for.
"""
