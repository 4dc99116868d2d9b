"""The same model as `better`: what is slow about this version is its service."""

from bentos.digits.better.train import train

__all__ = ["train"]
