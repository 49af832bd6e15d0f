"""From files on disk to arrays: datasets, pairs, splits, images. Works without TensorFlow.

load_dataset             find the images and lists of a dataset, or download them
FaceDataset              images, pair lists and the splits of an experiment
locate_faces             find images in the layout of LFW, without lists
read_trials              read one-shot trials in the layout of Omniglot's all_runs.zip
Face                     one image of a person
Pair                     two faces and their label, 1 = same person
PairList                 an ordered list of pairs
TrialSet                 one-shot trials with the same gallery
CLASS_NAMES              the names of the labels for readers
read_pairs               read a pair list of LFW
parse_face               the face with a name like Aaron_Peirsol_0001
pair_table               pairs as a DataFrame
pair_caption             a caption for a pair of images
split_by_person          split pairs so that no person is in both splits
connected_components     groups of pairs that share people
overlap_of_random_split  the person overlap of a random split
person_overlap           the share of validation pairs with a person of training
sample_balanced_pairs    draw pairs in the way of LFW's View 1
PairSampler              training examples that are pairs
ClassSampler             training examples that are images of classes
open_cache               decoded images as a memory-mapped array, built if missing
FaceCache                the images of a dataset by face
decode_image             decode, crop and resize one image
statistics               counts of a pair list
people_table             people, images and pairs of each split
images_by_person         the number of images of each person
shared_people            the number of people that two splits share
duplicate_files          groups of identical files
image_sizes              the number of files with each size
image_qualities          brightness, contrast and sharpness
mean_face                the mean of some images
example_pairs            a random sample of the pairs with a label
"""

import lazy_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from siamese_lib.data.face_dataset import FaceDataset as FaceDataset
    from siamese_lib.data.images import FaceCache as FaceCache
    from siamese_lib.data.images import decode_image as decode_image
    from siamese_lib.data.images import open_cache as open_cache
    from siamese_lib.data.lfw import locate_faces as locate_faces
    from siamese_lib.data.load import load_dataset as load_dataset
    from siamese_lib.data.omniglot import read_trials as read_trials
    from siamese_lib.data.pairs import CLASS_NAMES as CLASS_NAMES
    from siamese_lib.data.pairs import Face as Face
    from siamese_lib.data.pairs import Pair as Pair
    from siamese_lib.data.pairs import PairList as PairList
    from siamese_lib.data.pairs import TrialSet as TrialSet
    from siamese_lib.data.pairs import pair_caption as pair_caption
    from siamese_lib.data.pairs import pair_table as pair_table
    from siamese_lib.data.pairs import parse_face as parse_face
    from siamese_lib.data.pairs import read_pairs as read_pairs
    from siamese_lib.data.sampling import ClassSampler as ClassSampler
    from siamese_lib.data.sampling import PairSampler as PairSampler
    from siamese_lib.data.sampling import connected_components as connected_components
    from siamese_lib.data.sampling import overlap_of_random_split as overlap_of_random_split
    from siamese_lib.data.sampling import person_overlap as person_overlap
    from siamese_lib.data.sampling import sample_balanced_pairs as sample_balanced_pairs
    from siamese_lib.data.sampling import split_by_person as split_by_person
    from siamese_lib.data.summary import duplicate_files as duplicate_files
    from siamese_lib.data.summary import example_pairs as example_pairs
    from siamese_lib.data.summary import image_qualities as image_qualities
    from siamese_lib.data.summary import image_sizes as image_sizes
    from siamese_lib.data.summary import images_by_person as images_by_person
    from siamese_lib.data.summary import mean_face as mean_face
    from siamese_lib.data.summary import people_table as people_table
    from siamese_lib.data.summary import shared_people as shared_people
    from siamese_lib.data.summary import statistics as statistics

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "face_dataset": ["FaceDataset"],
        "images": ["FaceCache", "decode_image", "open_cache"],
        "lfw": ["locate_faces"],
        "load": ["load_dataset"],
        "omniglot": ["read_trials"],
        "pairs": [
            "CLASS_NAMES",
            "Face",
            "Pair",
            "PairList",
            "TrialSet",
            "pair_caption",
            "pair_table",
            "parse_face",
            "read_pairs",
        ],
        "sampling": [
            "ClassSampler",
            "PairSampler",
            "connected_components",
            "overlap_of_random_split",
            "person_overlap",
            "sample_balanced_pairs",
            "split_by_person",
        ],
        "summary": [
            "duplicate_files",
            "example_pairs",
            "image_qualities",
            "image_sizes",
            "images_by_person",
            "mean_face",
            "people_table",
            "shared_people",
            "statistics",
        ],
    },
)
