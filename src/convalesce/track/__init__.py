"""What is kept of each run: a folder of plain files."""

from convalesce.track.folder import RunFolder as RunFolder
from convalesce.track.folder import keep as keep
from convalesce.track.folder import store_path as store_path
