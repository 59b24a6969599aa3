"""The key ring for stored provider keys; both planes open it, so it knows neither of them."""

from __future__ import annotations

from quotah_server.domain.errors import StartupError
from quotah_server.entrypoints.instance import DataFolder
from quotah_server.entrypoints.settings import Settings
from quotah_server.kit.crypto import KeyRing, SealError, load_or_create_ring, parse_ring


def open_ring(settings: Settings, folder: DataFolder) -> KeyRing:
    """The key ring for stored provider keys; raises StartupError when it cannot be read."""
    try:
        if settings.secret_key is not None:
            return parse_ring(settings.secret_key.get_secret_value())
        return load_or_create_ring(folder.secret)
    except SealError as error:
        source = "QUOTAH_SECRET_KEY" if settings.secret_key is not None else str(folder.secret)
        raise StartupError(f"{source} is not a key ring: {error}.") from error
    except OSError as error:
        raise StartupError(f"{folder.secret} cannot be read ({error.strerror}).") from error
