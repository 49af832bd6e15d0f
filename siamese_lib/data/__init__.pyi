# The public names, for lazy loading, editors and type checkers.
from .cache import (
    FaceCache as FaceCache,
    open_cache as open_cache,
)
from .copies import (
    copies_table as copies_table,
    near_copies as near_copies,
)
from .face_dataset import FaceDataset as FaceDataset
from .images import decode_image as decode_image
from .lfw import locate_faces as locate_faces
from .load import load_dataset as load_dataset
from .omniglot import read_trials as read_trials
from .pair_lists import (
    pair_list_text as pair_list_text,
    read_pairs as read_pairs,
)
from .pairs import (
    CLASS_NAMES as CLASS_NAMES,
    Face as Face,
    Pair as Pair,
    PairList as PairList,
    TrialSet as TrialSet,
    pair_caption as pair_caption,
    pair_table as pair_table,
    parse_face as parse_face,
)
from .photos import (
    DETECTOR as DETECTOR,
    FRAME_EYES as FRAME_EYES,
    find_face as find_face,
)
from .pictures import locate_pictures as locate_pictures
from .sample import sample_as_folder as sample_as_folder
from .sampling import (
    ClassSampler as ClassSampler,
    PairSampler as PairSampler,
    connected_components as connected_components,
    overlap_of_random_split as overlap_of_random_split,
    person_overlap as person_overlap,
    sample_balanced_pairs as sample_balanced_pairs,
    split_by_person as split_by_person,
)
from .summary import (
    duplicate_files as duplicate_files,
    example_pairs as example_pairs,
    eye_distances as eye_distances,
    image_qualities as image_qualities,
    image_sizes as image_sizes,
    images_by_person as images_by_person,
    learning_table as learning_table,
    mean_face as mean_face,
    measuring_pairs as measuring_pairs,
    people_table as people_table,
    shared_people as shared_people,
    statistics as statistics,
)
