"""Every error that Tocsin raises on purpose, with the exit code that a command ends with.

* TocsinError                     70  (models.errors) anything below; alone: a fault of our own
  x SettingsError                  3  a setting is unknown, unreadable, or contradicts another one
  x InputError                     1  a file or a line that a person gave can't be used
  x BrokerError                    4  Kafka can't be reached, or refuses
    + TopicMissingError            4  a topic does not exist, or has the wrong number of partitions
    + PublishError                 4  a record was not acknowledged by the broker
      - UnpublishableError         4  the broker refuses this one record, and would refuse it again
    + FencedError                  4  another worker has our partitions; started again, we get our share
  x ModelError                     5  (models.errors) the classifier can't be loaded or can't score
    + WeightsMissingError          5
    + WeightsCorruptError          5
  x DeadLetterLimitError           6  nearly everything is bad: the fault is ours, so the worker stops
  x PortTakenError                 7  another program listens on the port that we were told to use

Exit code 2 is a wrong command line (from click), 130 an interrupt.
"""

from models.errors import ModelError, TocsinError, WeightsCorruptError, WeightsMissingError

__all__ = [
    "NO_RECORDS_FAULT",
    "BrokerError",
    "DeadLetterLimitError",
    "FencedError",
    "InputError",
    "ModelError",
    "PortTakenError",
    "PublishError",
    "SettingsError",
    "TocsinError",
    "TopicMissingError",
    "UnpublishableError",
    "WeightsCorruptError",
    "WeightsMissingError",
    "exit_code_of",
]

NO_RECORDS_FAULT = (MemoryError, TocsinError)
"""What is never held against the record that was in work: it stops us, and the record comes again."""


def exit_code_of(error: BaseException) -> int:
    """The code that a process ends with because of `error`."""
    return error.exit_code if isinstance(error, TocsinError) else TocsinError.exit_code


class SettingsError(TocsinError):
    """A setting is unknown, unreadable, or contradicts another one."""

    exit_code = 3


class InputError(TocsinError):
    """A file or a line that a person gave can't be used."""

    exit_code = 1


class BrokerError(TocsinError):
    """Kafka can't be reached, or refuses."""

    exit_code = 4


class TopicMissingError(BrokerError):
    """A topic does not exist, or has the wrong number of partitions."""


class PublishError(BrokerError):
    """A record was not acknowledged by the broker: whatever led to it must not be acked."""


class UnpublishableError(PublishError):
    """The broker refuses this one record (too large, say) and would refuse it again."""


class FencedError(BrokerError):
    """Another worker has our partitions, and has written their incidents: ours are not the newest state."""


class DeadLetterLimitError(TocsinError):
    """Nearly everything is bad, so the fault is ours: stop instead of draining a topic into its dead letters."""

    exit_code = 6


class PortTakenError(TocsinError):
    """Another program listens on the port that we were told to use."""

    exit_code = 7
