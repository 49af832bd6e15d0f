#!/usr/bin/env bash
# mlxtend 0.25.0, statsmodels 0.15.0, scipy 1.17.1, numpy 2.4.6.
# McNemar's test asks whether two networks that decide the same pairs differ in accuracy. Two that
# never disagree, as a network and its exported copy, cannot be told apart: the p-value should be 1.
# mlxtend's mcnemar with its defaults says chi-squared inf and p = 0.0, the surest difference that
# there is: the continuity correction takes 1 from a difference of 0, squares it and divides by the
# number of disagreements, 0. statsmodels says 0.0 as well with exact=False. Only NumPy's warning of
# a division by zero tells; a script that sorts or stars its p-values has the copies on top. With
# exact=True both say 1.0; without the correction both say nan.
# Seen on 2026-12-01: the above; with one disagreement each way both say 0.48 with the correction.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  mlxtend==0.25.0 statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import numpy as np
from mlxtend.evaluate import mcnemar, mcnemar_table
from statsmodels.stats import contingency_tables

labels = np.array([1, 0, 1, 1, 0, 0])
decisions = np.array([1, 0, 0, 1, 0, 1])
equal = mcnemar_table(labels, decisions, decisions)
one_each_way = np.array([[10, 1], [1, 20]])


def p_values(table):
    """mlxtend's with its defaults, statsmodels' with exact=False, both with exact=True."""
    approximate = contingency_tables.mcnemar(table, exact=False)
    exact = contingency_tables.mcnemar(table, exact=True)
    p = mcnemar(table)[1], approximate.pvalue, mcnemar(table, exact=True)[1], exact.pvalue
    return [round(float(value), 2) for value in p]


seen = p_values(equal), p_values(one_each_way)
print("equal decisions:", seen[0], "one disagreement each way:", seen[1])
sys.exit(seen != ([0, 0, 1, 1], [0.48, 0.48, 1, 1]))
PYTHON
