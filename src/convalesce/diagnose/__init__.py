"""From a record to suspects: ask every cause whose signals were recorded."""

from convalesce.diagnose.ask import diagnose as diagnose
from convalesce.diagnose.script import diagnose_run as diagnose_run
