# SPDX-License-Identifier: MIT
# aikit/keys.py - asks the host for keys while a kit is opened.
from typing import Any, Callable, List, Optional

from . import _ffi
from .errors import check


class Asker:
    """What a kit is opened with: the host's function, and what it raised."""

    def __init__(self, keys: Optional[Callable[[str], str]]):
        self._keys = keys
        self._raised: List[BaseException] = []
        self.callback = _ffi.NO_KEYS if keys is None else _ffi.Key(self._ask)

    def _ask(self, _user: Any, name: int, size: int, key: int, room: int) -> int:
        assert self._keys is not None
        try:
            given = self._keys(_ffi.string_at(name, size).decode()).encode()
        except BaseException as error:  # nothing may be raised through C; check() raises it
            self._raised.append(error)
            return 0
        if len(given) <= room:
            _ffi.memmove(key, given, len(given))
        return len(given)

    def check(self, status: int, error: Any) -> None:
        """Raises what the host's function raised, else what went wrong."""
        if self._raised:
            _ffi.error_free(error)
            raise self._raised[0]
        check(status, error)
