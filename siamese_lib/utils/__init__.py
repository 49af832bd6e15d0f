"""Files, this machine, TensorFlow: what every package needs. Imports nothing of the others.

read_json     the content of a JSON file, with a clear error
as_table      dicts as a DataFrame for readers
as_text       a setting as text for readers
project_path  a path from here or below the project
project_root  the folder with experiments/, notebooks/ and models/
versions      packages, Python, machine and date, for a run's record
"""

import lazy_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from siamese_lib.utils.files import as_table as as_table
    from siamese_lib.utils.files import as_text as as_text
    from siamese_lib.utils.files import read_json as read_json
    from siamese_lib.utils.machine import project_path as project_path
    from siamese_lib.utils.machine import project_root as project_root
    from siamese_lib.utils.machine import versions as versions

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "files": ["read_json", "as_table", "as_text"],
        "machine": ["project_path", "project_root", "versions"],
    },
)
