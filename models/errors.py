"""The root of Tocsin's error tree, and the branch that belongs to the classifier.

The whole tree is drawn in `streams/errors.py`; the root lives here because `models` never imports `streams`.
"""

__all__ = ["ModelError", "TocsinError", "WeightsCorruptError", "WeightsMissingError"]


class TocsinError(Exception):
    """Anything that Tocsin refuses. Its text is one sentence a person can act on, never an article's text."""

    exit_code = 70


class ModelError(TocsinError):
    """The classifier can't be loaded or can't score."""

    exit_code = 5


class WeightsMissingError(ModelError):
    """A file that the manifest names is not there."""


class WeightsCorruptError(ModelError):
    """A file's sha256 is not the one in the manifest, or the manifest itself can't be read."""
