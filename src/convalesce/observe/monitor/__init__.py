"""Statistics of the training step, taken inside the graph without changing it.

Keras's own step function stays as it is. A second one, traced from the same `train_step` with
taps on layers, gradients and updates, runs in its place on the steps of a schedule. `instrument`
joins the parts; `recorder`, `statistics` and `taps` hold TensorFlow and are imported only once a
model is attached; `layout`, `losses`, `origin` and `schedule` are plain numpy.
"""

from convalesce.observe.monitor.instrument import Instrument as Instrument
