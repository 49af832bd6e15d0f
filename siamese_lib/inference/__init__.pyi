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
    face_mask as face_mask,
    kept_network as kept_network,
    maps_of_pairs as maps_of_pairs,
    mean_occlusion_maps as mean_occlusion_maps,
    occlusion_maps as occlusion_maps,
    scores_with_parts as scores_with_parts,
    where_evidence_lies as where_evidence_lies,
    with_evidence as with_evidence,
)
from .exporters import export as export
from .following import (
    FollowedPair as FollowedPair,
    follow_pair as follow_pair,
)
from .neighbours import (
    draw_probes as draw_probes,
    map_of_faces as map_of_faces,
    nearest_faces as nearest_faces,
    neighbour_sheet as neighbour_sheet,
)
from .portable import PortableVerifier as PortableVerifier
from .scored import (
    explained_galleries as explained_galleries,
    scored_gallery as scored_gallery,
)
from .scorer import (
    Scorer as Scorer,
    load_verifier as load_verifier,
)
from .verifier import Verifier as Verifier
