"""From what was confirmed to what mends it: a course of changes, verified, written into the source.

The course works on frozen records; whatever trains is behind the `core.Lab` that is handed in.
"""

from convalesce.treat.course import treat as treat
from convalesce.treat.files import Surroundings as Surroundings
from convalesce.treat.files import proposed as proposed
from convalesce.treat.rehearsal import STEPS as STEPS
from convalesce.treat.rehearsal import Piece as Piece
from convalesce.treat.rehearsal import Rehearsed as Rehearsed
from convalesce.treat.rehearsal import beyond as beyond
from convalesce.treat.rehearsal import rehearse as rehearse
from convalesce.treat.rehearsal import run_whole as run_whole
from convalesce.treat.rewriting import rewritten as rewritten
from convalesce.treat.verifying import SHORT_S as SHORT_S
from convalesce.treat.writing import edits as edits
from convalesce.treat.writing import source_with as source_with
from convalesce.treat.writing import written as written
