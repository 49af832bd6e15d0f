"""Files, this machine, TensorFlow: what every package needs. Imports nothing of the others.

read_json     the content of a JSON file, with a clear error
as_table      dicts as a DataFrame for readers
as_text       a setting as text for readers
project_path  a path from here or below the project
project_root  the folder with experiments/, notebooks/ and models/
versions      packages, Python, machine and date, for a run's record
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
