"""How many wrong passwords are too many.

Per account and per address, in a sliding window. Accounts that do not exist are counted like those
that do. A try is counted before its password is checked: a burst of parallel tries gets no more.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 50


def account_hash(email: str) -> str:
    """What an account is counted under."""
    return hashlib.sha256(b"quotah-login\0" + email.encode()).hexdigest()


def address_group(ip: str) -> str:
    """What an address is counted under: itself, or the /64 of an IPv6 one, which one user owns whole."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(getattr(address, "ipv4_mapped", None) or address)


def wait_s(first: datetime | None, now: datetime) -> int:
    """Seconds until the oldest counted try leaves the window, at least one."""
    if first is None:
        return 1
    return max(1, math.ceil((first + WINDOW - now).total_seconds()))
