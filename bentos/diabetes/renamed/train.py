"""The same model as `better`: what changed is its service's answer."""

from bentos.diabetes.better.train import train

__all__ = ["train"]
