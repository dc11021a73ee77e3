"""From a record to suspects: ask every cause whose signals were recorded."""
