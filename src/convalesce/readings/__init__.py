"""What several causes read off the same record: curves, flow, pairing, what fits together.

Pure functions on frozen values. A reading concludes nothing about a training; causes do.
"""

from convalesce.readings.collision import Collision as Collision
from convalesce.readings.collision import collision as collision
from convalesce.readings.measure import Unsuited as Unsuited
from convalesce.readings.measure import resolved as resolved
from convalesce.readings.measure import unsuited as unsuited
from convalesce.readings.mismatch import Mismatch as Mismatch
from convalesce.readings.mismatch import blamed as blamed
from convalesce.readings.mismatch import mismatches as mismatches
from convalesce.readings.task import Goal as Goal
from convalesce.readings.task import Task as Task
from convalesce.readings.task import goals as goals
from convalesce.readings.task import reached as reached
from convalesce.readings.task import task_of as task_of
