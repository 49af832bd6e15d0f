# The public names, for lazy loading, editors and type checkers.
from .curves import (
    accuracy_by_amount as accuracy_by_amount,
    learning_curves as learning_curves,
    oneshot_by_epoch as oneshot_by_epoch,
    oneshot_curves as oneshot_curves,
    people_curves as people_curves,
    split_slopes as split_slopes,
)
from .data import (
    distributions as distributions,
    images_per_person as images_per_person,
    split_overlap as split_overlap,
)
from .decisions import (
    confusion_matrix as confusion_matrix,
    det_curves as det_curves,
    reliability_diagram as reliability_diagram,
    roc_bands as roc_bands,
    roc_of_folds as roc_of_folds,
    score_histogram as score_histogram,
    selective_accuracy_curve as selective_accuracy_curve,
)
from .errors import (
    alignment_errors as alignment_errors,
    error_rates_by_covariate as error_rates_by_covariate,
    odds_ratios as odds_ratios,
    plane_of_people as plane_of_people,
)
from .following import (
    embeddings_and_evidence as embeddings_and_evidence,
    files_and_inputs as files_and_inputs,
)
from .galleries import (
    aligned_frames as aligned_frames,
    compared_faces as compared_faces,
    explained_pairs as explained_pairs,
    faces as faces,
    failures as failures,
    mean_maps as mean_maps,
    neighbour_rows as neighbour_rows,
    pair_gallery as pair_gallery,
    trial as trial,
)
from .intervals import (
    accuracy_intervals as accuracy_intervals,
    among_all as among_all,
    dot_plot as dot_plot,
    gain_intervals as gain_intervals,
    ladder as ladder,
)
from .networks import (
    block_areas as block_areas,
    siamese_diagram as siamese_diagram,
)
from .style import (
    DescribedFigure as DescribedFigure,
    new_figure as new_figure,
)
from .sweeps import (
    against_axis as against_axis,
    curves_of_runs as curves_of_runs,
    heat_map as heat_map,
    parallel_coordinates as parallel_coordinates,
    seed_spread as seed_spread,
)
