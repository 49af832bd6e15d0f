# The public names, for lazy loading, editors and type checkers.
from .comparison import (
    compare as compare,
)
from .comparison import (
    rank_folder as rank_folder,
)
from .explain import (
    draw_probes as draw_probes,
)
from .explain import (
    explained_gallery as explained_gallery,
)
from .explain import (
    face_mask as face_mask,
)
from .explain import (
    map_of_faces as map_of_faces,
)
from .explain import (
    nearest_faces as nearest_faces,
)
from .explain import (
    neighbour_sheet as neighbour_sheet,
)
from .explain import (
    occlusion_maps as occlusion_maps,
)
from .explain import (
    scored_gallery as scored_gallery,
)
from .explain import (
    scores_with_parts as scores_with_parts,
)
from .photos import (
    DETECTOR as DETECTOR,
)
from .photos import (
    FRAME_EYES as FRAME_EYES,
)
from .photos import (
    find_face as find_face,
)
from .verifier import Verifier as Verifier
