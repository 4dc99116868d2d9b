"""What can be wrong with a declaration that the API server's schema cannot see."""


class DeclarationError(Exception):
    """The declared version cannot be rendered: the message says why, ``reason`` is a condition's word."""

    reason = "InvalidDeclaration"


class ConfigMissing(DeclarationError):
    """A ConfigMap that the version declares does not exist."""

    reason = "ConfigMissing"

    def __init__(self, config_map: str, mount_path: str) -> None:
        super().__init__(
            f"ConfigMap {config_map}, to be mounted at {mount_path} (spec.model.config), does not exist: "
            "create it in this namespace, or take it out of spec.model.config"
        )
        self.config_map = config_map


class ConfigTooLarge(DeclarationError):
    """The ConfigMaps of a version are too large to be copied into its revision."""

    reason = "ConfigTooLarge"


class DeclarationTooLarge(DeclarationError):
    """Environment, warm-up requests and the other fields of a version are too large for its revision."""

    reason = "DeclarationTooLarge"


class MountConflict(DeclarationError):
    """Two things are to be mounted at one place."""

    reason = "MountConflict"
