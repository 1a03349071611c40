"""Experiments on the method itself, whose tables stand in the documents; no rule of the workflow runs them."""
