"""What is kept of each run: a folder of plain files, and a run in a local MLflow store.

A folder is begun before the script runs, so nothing here loads NumPy until a record is read or
written. MLflow is only ever imported in a process of its own: see `track.importer`.
"""

from __future__ import annotations
