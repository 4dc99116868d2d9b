"""How well the judge decides, on simulated traffic, beside the rules that others use: ``make bench-judge``."""
