"""The sandbox call of macOS. NOT VERIFIED: written from its documentation and the profiles that ship with the system;
this project has not been run there, and whatever is said of it says so.

`sandbox_init` is marked deprecated and still what browsers use. It binds the process and its children, for good.
Source: sandbox(7), sandbox_init(3), /System/Library/Sandbox/Profiles.
"""

from __future__ import annotations

import ctypes
import errno

PROFILE = b"""
(version 1)
(allow default)
(deny network-outbound)
(deny network-bind)
(deny mach-lookup
  (global-name "com.apple.dnssd.service")
  (global-name "com.apple.SystemConfiguration.DNSConfiguration")
  (global-name-regex #"^com\\.apple\\.(nsurlsessiond|nsurlstorage|networkd|nesessionmanager)"))
"""


def refuse() -> None:
    """Refuse every way out from now on; who came to the bound listener is still served. Raises OSError."""
    try:
        library = ctypes.CDLL("/usr/lib/libSystem.B.dylib")
        init = library.sandbox_init
    except (OSError, AttributeError):
        raise OSError(errno.ENOSYS, "no sandbox_init") from None
    problem = ctypes.c_char_p()
    init.argtypes = (ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(ctypes.c_char_p))
    init.restype = ctypes.c_int
    if init(PROFILE, 0, ctypes.byref(problem)) != 0:
        raise OSError(errno.EPERM, "sandbox_init refused the profile")
