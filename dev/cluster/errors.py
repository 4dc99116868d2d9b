"""What can go wrong with the local cluster. Each message says what was being done and what to do next."""


class ClusterError(Exception):
    """The cluster could not be brought to the state that was asked for."""


class CommandFailed(ClusterError):
    """A command that was run ended with an error; the message quotes its last lines."""


class ComponentDied(ClusterError):
    """A component of the cluster ended by itself; the message quotes its last lines."""


class NotHealthy(ClusterError):
    """A component runs, but did not become healthy in time."""


class SubnetInUse(ClusterError):
    """The addresses asked for are already routed somewhere on this machine."""
