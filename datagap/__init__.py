"""Find the questions that a data catalog cannot serve, and make traffic to find them in."""

__version__ = "0.1.0"
