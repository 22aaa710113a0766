"""What is said of a remote holds no credential, and a test's server that cannot be had says why."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from lines import add_version, pictures, store_at

from framepress.errors import InputError, OptionError
from framepress.versions.push import push
from framepress.versions.remotes import object_store
from framepress.versions.remotes.opening import open_remote
from framepress.versions.remotes.secrets import without_secrets
from s3 import radosgw


def test_a_server_that_does_not_answer_is_told_in_one_line_without_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(object_store._RETRIES, "max_retries", 0)
    store = store_at(tmp_path / "store")
    add_version(store, pictures(3), "one")
    options = {
        "endpoint": "http://127.0.0.1:9",
        "region": "nowhere",
        "allow_http": "true",
        "access_key_id": "somebody",
        "secret_access_key": "a-secret-of-somebody",
    }
    with pytest.raises(InputError, match="nothing answers there; check the endpoint") as caught:
        push(store, "main", "s3://bucket/team", indexes=tmp_path / "indexes", options=options)
    assert str(caught.value).startswith("s3://bucket/team/store.json: ")
    assert "\n" not in str(caught.value)
    assert "a-secret-of-somebody" not in str(caught.value)


def test_secrets_of_options_of_the_environment_and_of_signed_urls_are_cut_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from-the-environment")
    said = "PUT http://host/a?X-Amz-Signature=0123abc&sig=9f%2B by option-secret, from-the-environment, us-east-1"
    told = without_secrets(said, {"secret_access_key": "option-secret", "region": "us-east-1"})
    assert told == "PUT http://host/a?X-Amz-Signature=***&sig=*** by ***, ***, us-east-1"


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(OptionError) as caught:
        open_remote("s5://me:word-of-mine@bucket/team")
    assert "word-of-mine" not in str(caught.value)


def test_a_url_is_named_without_user_and_password() -> None:
    options = {"region": "nowhere", "access_key_id": "somebody", "secret_access_key": "secret"}
    assert open_remote("s3://bucket/team/", options).where == "s3://bucket/team"
    assert object_store._shown("https://me:word@host/box?sig=abc#d") == "https://host/box"


def test_a_server_that_is_not_installed_and_cannot_be_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(radosgw.NotInstalledError, match=r"no monmaptool.*apt-get install ceph-mon"):
        radosgw.install()
