"""Mends of what a script reads: files of settings, data. They are proposed, and never written."""

from convalesce.treat.files.configuration import configured as configured
from convalesce.treat.files.places import Surroundings as Surroundings
