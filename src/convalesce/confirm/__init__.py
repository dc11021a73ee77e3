"""From suspicions to verdicts: matched experiments, look-alikes side by side, within a budget.

Works on frozen records alone: whatever trains is behind the `core.Lab` that is handed in.
"""

from convalesce.confirm.budget import Budget as Budget
from convalesce.confirm.course import confirm as confirm
