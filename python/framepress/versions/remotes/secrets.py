"""What an error message must not hold."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

__all__ = ["without_secrets"]

_SECRET = re.compile(r"secret|token|password|credential|sas|account_key|access_key$|master_key|service_account", re.I)
_ENVIRONMENT = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_KEY")
_SIGNED = re.compile(r"((?:sig|x-amz-signature|x-amz-security-token|x-amz-credential)=)[^&\s\"']+", re.I)
_USER = re.compile(r"://[^/@\s]+@")


def without_secrets(said: str, options: Mapping[str, str]) -> str:
    """A message without the values of secret options, of the environment's, and of URLs."""
    values = [value for key, value in options.items() if _SECRET.search(key)]
    values += [os.environ.get(name, "") for name in _ENVIRONMENT]
    for value in values:
        if len(value) >= 4:
            said = said.replace(value, "***")
    return _USER.sub("://***@", _SIGNED.sub(r"\1***", said))
