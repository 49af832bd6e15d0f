# The public names, for lazy loading, editors and type checkers.
from .files import read_json as read_json
from .machine import (
    project_path as project_path,
    project_root as project_root,
    versions as versions,
)
from .text import (
    as_table as as_table,
    as_text as as_text,
)
