# The public names, for lazy loading, editors and type checkers.
from .face_dataset import FaceDataset as FaceDataset
from .images import (
    FaceCache as FaceCache,
)
from .images import (
    decode_image as decode_image,
)
from .images import (
    open_cache as open_cache,
)
from .lfw import locate_faces as locate_faces
from .load import load_dataset as load_dataset
from .omniglot import read_trials as read_trials
from .pairs import (
    CLASS_NAMES as CLASS_NAMES,
)
from .pairs import (
    Face as Face,
)
from .pairs import (
    Pair as Pair,
)
from .pairs import (
    PairList as PairList,
)
from .pairs import (
    TrialSet as TrialSet,
)
from .pairs import (
    pair_caption as pair_caption,
)
from .pairs import (
    pair_table as pair_table,
)
from .pairs import (
    parse_face as parse_face,
)
from .pairs import (
    read_pairs as read_pairs,
)
from .sampling import (
    ClassSampler as ClassSampler,
)
from .sampling import (
    PairSampler as PairSampler,
)
from .sampling import (
    connected_components as connected_components,
)
from .sampling import (
    overlap_of_random_split as overlap_of_random_split,
)
from .sampling import (
    person_overlap as person_overlap,
)
from .sampling import (
    sample_balanced_pairs as sample_balanced_pairs,
)
from .sampling import (
    split_by_person as split_by_person,
)
from .summary import (
    duplicate_files as duplicate_files,
)
from .summary import (
    example_pairs as example_pairs,
)
from .summary import (
    image_qualities as image_qualities,
)
from .summary import (
    image_sizes as image_sizes,
)
from .summary import (
    images_by_person as images_by_person,
)
from .summary import (
    mean_face as mean_face,
)
from .summary import (
    people_table as people_table,
)
from .summary import (
    shared_people as shared_people,
)
from .summary import (
    statistics as statistics,
)
