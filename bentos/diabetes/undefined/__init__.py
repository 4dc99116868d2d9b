"""A version that answers with no number where somebody's lipids do not add up."""
