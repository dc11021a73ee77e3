"""Search over Changes: what to try, in which order, and what came out best.

Works on frozen records alone: whatever trains is behind the `core.Crew` that is handed in.
"""

from convalesce.study.finals import finals as finals
from convalesce.study.search import Search as Search
from convalesce.study.search import starts as starts
from convalesce.study.space import Space as Space
from convalesce.study.space import space as space
