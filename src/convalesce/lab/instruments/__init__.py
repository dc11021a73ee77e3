"""Instruments: one question each to a compiled model and some arrays, one figure with an interval.

Each file has one function of its own name. It may train the model meanwhile; model, optimizer and
all random state are afterwards as they were. What a figure means for a training is concluded
elsewhere. Their costs, in training steps of the same batch, stand in each docstring.
"""
