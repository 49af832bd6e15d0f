"""From files on disk to arrays: datasets, pairs, splits, images. Works without TensorFlow.

load_dataset             find the images and lists of a dataset, or download them
FaceDataset              images, pair lists and the splits of an experiment
sample_as_folder         the sample faces as a folder of own pictures
locate_faces             find images in the layout of LFW, without lists
locate_pictures          find pictures in a folder with a subfolder for each person
read_trials              read one-shot trials in the layout of Omniglot's all_runs.zip
Face                     one image of a person
Pair                     two faces and their label, 1 = same person
PairList                 an ordered list of pairs
TrialSet                 one-shot trials with the same gallery
CLASS_NAMES              the names of the labels for readers
read_pairs               read a pair list of LFW
pair_list_text           the text of such a list
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
find_face                the largest face of a photo, aligned to LFW-a's frame
FRAME_EYES               the position of the eyes in LFW-a's frame
DETECTOR                 the requirement of the face detector, for pip
decode_image             decode, crop and resize one image
statistics               counts of a pair list
people_table             people, images and pairs of each split
learning_table           what each experiment learns from
measuring_pairs          the pairs it is measured on: listed, or drawn
images_by_person         the number of images of each person
shared_people            the number of people that two splits share
duplicate_files          groups of identical files
near_copies              pairs of images that are the same photograph, found by correlation
copies_table             near-copies with what they mean for splits and pair lists
image_sizes              the number of files with each size
image_qualities          brightness, contrast and sharpness
eye_distances            how far the eyes are from where the alignment puts them
mean_face                the mean of some images
example_pairs            a random sample of the pairs with a label
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
