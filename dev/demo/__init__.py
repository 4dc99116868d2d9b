"""The main job, seen from the first ``kubectl apply`` to the report: ``python -m dev.demo``.

A model reaches production, a better one replaces it, two bad ones are sent back, and nobody's request is lost.
Nothing is acted: a real cluster, real BentoML services, real traffic through a real gateway.
"""
