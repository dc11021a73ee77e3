"""Search over Changes: what to try, in which order, and what came out best.

Works on frozen records alone: whatever trains is behind the `core.Crew` that is handed in.
"""

from convalesce.study.finals import finals as finals
from convalesce.study.questions.ablate import ablate as ablate
from convalesce.study.questions.batch_size import batch_size as batch_size
from convalesce.study.questions.bench import Bench as Bench
from convalesce.study.questions.data import data as data
from convalesce.study.questions.optimizers import optimizers as optimizers
from convalesce.study.search import Known as Known
from convalesce.study.search import Search as Search
from convalesce.study.search import starts as starts
from convalesce.study.space import Space as Space
from convalesce.study.space import space as space
