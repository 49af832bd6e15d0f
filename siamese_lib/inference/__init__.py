"""A trained network in use: scores, explanations, a user's photos.

Verifier           a network with its settings: embeds images, scores pairs, saves, loads
compare            the score of two images
rank_folder        the images of a folder by their score with a probe
DETECTOR           the requirement of the face detector, for pip
FRAME_EYES         the position of the eyes in LFW-a's frame
find_face          the largest face of a photo, aligned to LFW-a's frame
occlusion_maps     the effect of each part of two images on their score
face_mask          the pixels that show the face
scores_with_parts  scores with faces alone and with backgrounds alone
draw_probes        faces of people with another image
nearest_faces      the gallery faces that score highest with each probe
map_of_faces       embeddings as points of a plane
"""

import lazy_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from siamese_lib.inference.comparison import compare as compare
    from siamese_lib.inference.comparison import rank_folder as rank_folder
    from siamese_lib.inference.explain import draw_probes as draw_probes
    from siamese_lib.inference.explain import face_mask as face_mask
    from siamese_lib.inference.explain import map_of_faces as map_of_faces
    from siamese_lib.inference.explain import nearest_faces as nearest_faces
    from siamese_lib.inference.explain import occlusion_maps as occlusion_maps
    from siamese_lib.inference.explain import scores_with_parts as scores_with_parts
    from siamese_lib.inference.photos import DETECTOR as DETECTOR
    from siamese_lib.inference.photos import FRAME_EYES as FRAME_EYES
    from siamese_lib.inference.photos import find_face as find_face
    from siamese_lib.inference.verifier import Verifier as Verifier

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "verifier": ["Verifier"],
        "comparison": ["compare", "rank_folder"],
        "photos": ["DETECTOR", "FRAME_EYES", "find_face"],
        "explain": [
            "occlusion_maps",
            "face_mask",
            "scores_with_parts",
            "draw_probes",
            "nearest_faces",
            "map_of_faces",
        ],
    },
)
