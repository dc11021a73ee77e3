"""Commands about runs that were kept, or that other tools left: one file each.

What these modules load at their top is loaded by `convalesce --help` too.
"""
