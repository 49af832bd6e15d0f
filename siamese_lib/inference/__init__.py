"""A trained network in use: scores, explanations, comparisons.

Verifier           a network with its settings: embeds images, scores pairs, saves, loads
load_verifier      the network in a model file or in an exported folder
export             writes a network for another runtime than TensorFlow
PortableVerifier   an exported network in use, without TensorFlow
Scorer             what Verifier and PortableVerifier have in common
calibrate          a threshold for a user's own people, measured on others of them
calibrated_verifier  the network with that threshold
Calibration        what calibrate returns
all_pairs          the pairs of some faces
people_needed      how many people a false accept rate needs
check_frame        an error if a network does not take photos
compare            the score of two images
rank_folder        the images of a folder by their score with a probe
kept_network       the network behind a run's scores, of an ensemble a member's
follow_pair        one pair from its two files to the decision
FollowedPair       what follow_pair returns
occlusion_maps     the effect of each part of two images on their score
maps_of_pairs      these effects for scored pairs
where_evidence_lies  where the evidence for a decision lies, in words
with_evidence      scored pairs with this sentence
face_mask          the pixels that show the face
scores_with_parts  scores with faces alone and with backgrounds alone
draw_probes        faces of people with another image
nearest_faces      the gallery faces that score highest with each probe
map_of_faces       embeddings as points of a plane
scored_gallery     figure of scored pairs
explained_galleries  figures of scored pairs with occlusion maps on one scale
mean_occlusion_maps  the mean effect of each region over many pairs
neighbour_sheet    figure of faces with their nearest neighbours
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
