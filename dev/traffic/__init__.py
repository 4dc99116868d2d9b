"""Steady traffic against a model, every answer checked and recorded: ``python -m dev.traffic --help``.

The load is an open loop: a request is sent when it is due, whether or not earlier ones were answered, as users do. No
request is ever sent twice: a retry would hide exactly the lost requests that are looked for.
"""
