# The public names, for lazy loading, editors and type checkers.
from .basic import (
    accuracy_intervals as accuracy_intervals,
)
from .basic import (
    dot_plot as dot_plot,
)
from .basic import (
    gain_intervals as gain_intervals,
)
from .basic import (
    histograms as histograms,
)
from .basic import (
    images_per_person as images_per_person,
)
from .basic import (
    learning_curves as learning_curves,
)
from .basic import (
    oneshot_curves as oneshot_curves,
)
from .basic import (
    siamese_diagram as siamese_diagram,
)
from .basic import (
    split_overlap as split_overlap,
)
from .errors import (
    alignment_errors as alignment_errors,
)
from .errors import (
    confusion_matrix as confusion_matrix,
)
from .errors import (
    det_curves as det_curves,
)
from .errors import (
    error_rates_by_covariate as error_rates_by_covariate,
)
from .errors import (
    odds_ratios as odds_ratios,
)
from .errors import (
    plane_of_people as plane_of_people,
)
from .errors import (
    reliability_diagram as reliability_diagram,
)
from .errors import (
    roc_bands as roc_bands,
)
from .errors import (
    score_histogram as score_histogram,
)
from .errors import (
    selective_accuracy_curve as selective_accuracy_curve,
)
from .galleries import (
    aligned_frames as aligned_frames,
)
from .galleries import (
    compared_faces as compared_faces,
)
from .galleries import (
    explained_pairs as explained_pairs,
)
from .galleries import (
    faces as faces,
)
from .galleries import (
    failures as failures,
)
from .galleries import (
    neighbour_rows as neighbour_rows,
)
from .galleries import (
    oneshot_by_epoch as oneshot_by_epoch,
)
from .galleries import (
    pair_gallery as pair_gallery,
)
from .galleries import (
    trial as trial,
)
from .style import (
    DescribedFigure as DescribedFigure,
)
from .style import (
    new_figure as new_figure,
)
from .sweeps import (
    accuracy_by_amount as accuracy_by_amount,
)
from .sweeps import (
    against_axis as against_axis,
)
from .sweeps import (
    curves_of_runs as curves_of_runs,
)
from .sweeps import (
    heat_map as heat_map,
)
from .sweeps import (
    parallel_coordinates as parallel_coordinates,
)
from .sweeps import (
    seed_spread as seed_spread,
)
from .sweeps import (
    training_times as training_times,
)
