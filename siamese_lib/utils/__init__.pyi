# The public names, for lazy loading, editors and type checkers.
from .files import (
    as_table as as_table,
)
from .files import (
    as_text as as_text,
)
from .files import (
    read_json as read_json,
)
from .machine import (
    project_path as project_path,
)
from .machine import (
    project_root as project_root,
)
from .machine import (
    versions as versions,
)
