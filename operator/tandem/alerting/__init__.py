"""Alerts on what was promised: rules for Prometheus, and whom Alertmanager is to call, from a ModelDeployment. Pure."""
