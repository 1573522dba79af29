"""What can go wrong with a deployment.

::

    ValueError
     +-- BadTree              the tree says something that no host may do
     +-- AnotherAgent         an agent for this host identifier is running
     +-- BadRevision          what was published is not whole, not as it was, or not trusted
     +-- BadConfiguration     the configuration file, or a file that replaces it
          +-- MissingSetting  a setting that has to be there is not
    RuntimeError
     +-- CommandFailed        a program or script did not succeed
     +-- BadHost              the host is in a state that needs a person
     +-- Refused              what a person asked for does not fit the state of the fleet
     +-- BadSource            the place that tree files come from cannot be read
    SystemError
     +-- InstallFailed        the package manager claims success, the package is not there
    ConnectionError
     +-- Unreachable          ZooKeeper did not answer; not a reason to stop the fleet
          +-- Closed          nor will it: the agent is closing
    Abandoned                 a deployment was left between two steps; nobody's fault
     +-- Superseded           for a newer version

The log and the host node show an error under the plain name of the built-in
class that it derives from: see :func:`as_builtin`.
"""


class BadTree(ValueError):
    """The tree describes something that cannot or must not be deployed; names the node."""


class BadRevision(ValueError):
    """A published revision is damaged, incomplete or not trusted; names version and part."""


class AnotherAgent(ValueError):
    """Another agent runs under the same host identifier."""


class BadConfiguration(ValueError):
    """A setting of the agent is missing or malformed; names it."""


class MissingSetting(BadConfiguration):
    """A setting that has to be given is not; names it."""


class CommandFailed(RuntimeError):
    """A program could not be run, exited with an error, or took too long.

    Attributes: ``argv``; ``output``, the text that it printed, bounded; ``why`` in words
    where its exit code is not all.
    """

    def __init__(self, argv: tuple[str, ...], why: str = "", output: str = "") -> None:
        self.argv = argv
        self.why = why
        self.output = output
        super().__init__("Command failed: " + " ".join(argv) + (f" ({why})" if why else ""))


class BadHost(RuntimeError):
    """The host, or a node that operators must create, is not as it has to be."""


class Refused(RuntimeError):
    """What a person asked for cannot be done to the fleet as it is; nothing was changed."""


class BadSource(RuntimeError):
    """A repository or directory that holds tree files cannot be read; names it."""


class InstallFailed(SystemError):
    """A package is not there, or not in the wanted version, after it was installed.

    Source: agent.txt, "Don't trust yum".
    """


class Unreachable(ConnectionError):
    """ZooKeeper did not answer in time. What was asked for may or may not have happened."""


class Closed(Unreachable):
    """The connection to ZooKeeper was closed from this side: nothing will be answered."""


class Abandoned(Exception):
    """A deployment ended between two steps because it must not go on; says why."""


class Superseded(Abandoned):
    """A deployment ended between two steps because there is a newer version to deploy."""


def as_builtin(error: BaseException) -> BaseException:
    """Return ``error`` as the built-in exception whose name people know it by.

    A traceback then ends with ``ValueError: …``, not with the name of a class
    of this project. The traceback itself is kept; the chain of causes is not.
    """
    module = type(error).__module__
    if module == "builtins":
        return error
    for base in type(error).__mro__:
        if base.__module__ == "builtins" and issubclass(base, Exception) and base is not Exception:
            return base(str(error)).with_traceback(error.__traceback__)
    return error
