# The public names, for lazy loading, editors and type checkers.
from .calibration import (
    Calibration as Calibration,
    all_pairs as all_pairs,
    calibrate as calibrate,
    calibrated_verifier as calibrated_verifier,
    people_needed as people_needed,
)
from .comparison import (
    check_frame as check_frame,
    compare as compare,
    rank_folder as rank_folder,
)
from .explain import (
    draw_probes as draw_probes,
    explained_galleries as explained_galleries,
    face_mask as face_mask,
    kept_network as kept_network,
    map_of_faces as map_of_faces,
    mean_occlusion_maps as mean_occlusion_maps,
    nearest_faces as nearest_faces,
    neighbour_sheet as neighbour_sheet,
    occlusion_maps as occlusion_maps,
    scored_gallery as scored_gallery,
    scores_with_parts as scores_with_parts,
)
from .following import (
    FollowedPair as FollowedPair,
    follow_pair as follow_pair,
)
from .verifier import Verifier as Verifier
