"""What the assignment demands, and the headings of the notebooks below which it is answered."""

from typing import NamedTuple

DATA, TRAINING, SWEEPS, ERRORS = "01_dataset_analysis", "02_training", "03_parameter_sweeps", "04_error_analysis"


class Demand(NamedTuple):
    """One demand of the assignment: what answers it in a sentence, and the headings below which the answer stands."""

    demand: str
    answer: str
    places: tuple[tuple[str, str], ...]


CHECKLIST = (
    Demand(
        "Data analysis: size", "Pictures, people and pictures per person.", ((DATA, "How much there is"), (DATA, "Pictures per person"))
    ),
    Demand(
        "Data analysis: counts in total and per class, for train and test",
        "One table: pairs in all, of the same and of different people, for training, validation and test; no person is in two of them.",
        ((DATA, "How much there is"), (DATA, "No person in two parts")),
    ),
    Demand("Full experimental setup", "Every field of both experiments, and what was learnt from.", ((TRAINING, "The full setup"),)),
    Demand(
        "Architecture: layers, dimensions, filters",
        "A table of layers with output shapes, filters, kernels, strides and parameters for each network; why each looks like this.",
        ((TRAINING, "The idea"), (TRAINING, "Architecture, layer by layer")),
    ),
    Demand(
        "Learning rate and optimiser",
        "Rows of the full setup, with schedule and weight decay; the learning rate was varied.",
        ((TRAINING, "The full setup"), (SWEEPS, "One figure an axis")),
    ),
    Demand(
        "Regularisation and batch normalisation",
        "Penalties, dropout and batch normalisation layer by layer; all of it beside what the sources say; augmentation.",
        (
            (TRAINING, "Architecture, layer by layer"),
            (TRAINING, "Initialisation, regularisation, and where the sources disagree"),
            (DATA, "What the network sees: crop and augmentation"),
        ),
    ),
    Demand(
        "Reasons for each choice and the trials behind it",
        "A table of decisions with their alternatives and what was tried; each lever taken away alone.",
        ((TRAINING, "Decisions, and why"), (SWEEPS, "What each lever brought, on LFW-a")),
    ),
    Demand("Convergence times", "Seconds for preparing, an epoch, until the best epoch, all of the training.", ((TRAINING, "Times"),)),
    Demand(
        "Final loss and accuracy on test and holdout set",
        "Training, validation (the holdout set) and test apart, with intervals.",
        ((TRAINING, "The result"), (TRAINING, "All experiments on LFW-a")),
    ),
    Demand("Loss curves", "Loss, accuracy and AUC by epoch.", ((TRAINING, "Loss and accuracy by epoch"),)),
    Demand(
        "Parameter experiments",
        "Learning rate, epochs and batch size alone, two of them together; the spread over seeds; what validation would choose.",
        (
            (SWEEPS, "One figure an axis"),
            (SWEEPS, "Two parameters at once"),
            (SWEEPS, "The spread from seed to seed"),
            (SWEEPS, "What validation would choose, and what was decided"),
        ),
    ),
    Demand(
        "Accurate and wrong examples with the reason",
        "The most confident decisions of each kind with the parts of the faces that decided them; what goes with errors over all pairs.",
        ((ERRORS, "The most confident decisions, and why"), (ERRORS, "What goes with errors"), (ERRORS, "What the background does")),
    ),
    Demand(
        "Anything else of interest",
        "Leaks of random splits; more data; thresholds for a purpose; whether two networks differ; who of N it is; what is not fair.",
        (
            (DATA, "Why the validation part is split by person"),
            (SWEEPS, "More people, more pairs: the learning curve"),
            (SWEEPS, "What a leaky split would have shown"),
            (ERRORS, "Operating points"),
            (ERRORS, "Is a score a probability?"),
            (ERRORS, "Do the two networks differ?"),
            (ERRORS, "One-shot classification"),
            (ERRORS, "Bias, consent, label noise"),
        ),
    ),
)
