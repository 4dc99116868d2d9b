"""Tandem: a Kubernetes-native deployment operator for machine-learning models."""
