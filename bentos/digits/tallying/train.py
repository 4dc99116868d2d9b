"""The same model as `better`: what may fail is its service."""

from bentos.digits.better.train import train

__all__ = ["train"]
