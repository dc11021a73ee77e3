"""From Keras to signals. The only room, with the lab, that knows TensorFlow.

Here live the runner that catches fit calls, the scan of the data, the reading of the model and
its set-up, and the statistics taken in the graph. Nothing here concludes anything.
"""
