"""The same model as `better`: what leaks is its service."""

from bentos.digits.better.train import train

__all__ = ["train"]
