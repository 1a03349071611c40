"""Names, passwords and tokens of urls serve to fetch, and stand in no message, log or record."""

import shutil

import pytest
import upstream
from checkout import ROOT
from clone import PLAIN, TABLE, write_sources
from loopback import Loopback
from renewed import RenewedSite

from metaxl.errors import DownloadError, MetaXLError, without_credentials

SECRET = "hunter2"
NOWHERE = "127.0.0.1:9"  # nothing listens there


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def hub(sources, tmp_path_factory):
    folder = shutil.copytree(sources, tmp_path_factory.mktemp("hub") / "served")
    with Loopback(folder, upstream.revisions(ROOT / "workflow")) as served:
        yield served


@pytest.fixture(scope="module")
def clone(hub, tmp_path_factory):
    return RenewedSite(tmp_path_factory.mktemp("clone") / "clone", hub)


@pytest.fixture
def site(clone, hub):
    hub.faults.clear()
    hub.requests.clear()
    return clone.renew(hub)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"http://user:{SECRET}@h:9/x: refused", "http://h:9/x: refused"),
        (f"('https://{SECRET}@h', 'x')", "('https://h', 'x')"),
        (f"http://user:a@{SECRET}@h/x", "http://h/x"),
        (f"https://h/p?token={SECRET}: bad", "https://h/p?...: bad"),
        (f"exceeded with url: /p/q?a=1&token={SECRET} (Caused by", "exceeded with url: /p/q?... (Caused by"),
        (f"broken by 'X': /p?token={SECRET}", "broken by 'X': /p?..."),
        (f"url='/p?token={SECRET}'", "url='/p?...'"),
    ],
)
def test_what_stands_before_a_host_or_in_a_query_is_left_out(text, clean):
    assert without_credentials(text) == clean
    assert str(DownloadError(text)) == str(MetaXLError(text)) == clean


@pytest.mark.parametrize("text", ["https://h/a@b and c@d.e", "who/what?a=b", "a: b@c", "http://h/x?", "O?=I / J?=K"])
def test_what_is_no_credential_stays(text):
    assert without_credentials(text) == text


@pytest.mark.parametrize("variable", ["METAXL_MIRROR", "HF_ENDPOINT", "https_proxy"])
def test_a_password_that_no_url_may_hold_is_left_out_too(monkeypatch, variable):
    """Clients put the variable as it is into their messages."""
    monkeypatch.setenv(variable, f"http://user:a/{SECRET} #b@host/path")
    assert (
        without_credentials(f"cannot reach http://user:a/{SECRET} #b@host/path/x") == "cannot reach http://host/path/x"
    )


def closed(site, path):
    return {"METAXL_MIRROR": f"http://user:{SECRET}@{NOWHERE}/x?token={SECRET}"}


def no_endpoint(site, path):
    return {"HF_ENDPOINT": f"http://user:{SECRET}@{NOWHERE}"}


def proxy(site, path):
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), f"http://u:{SECRET}@{NOWHERE}")
    return {"no_proxy": "", "NO_PROXY": ""} | proxies


def offline(site, path):
    return closed(site, path) | no_endpoint(site, path) | {"HF_HUB_OFFLINE": "1"}


def faulty(kind):
    def mirror(site, path):
        site.hub.fault(".", kind, methods=("GET", "HEAD"))
        url = site.hub.url.replace("://", f"://user:{SECRET}@")
        return {"METAXL_MIRROR": f"{url}/files?token={SECRET}", "HF_ENDPOINT": url}

    mirror.__name__ = kind
    return mirror


WAYS = [(way, path) for way in (closed, no_endpoint, proxy, offline) for path in (TABLE, PLAIN)]
WAYS += [(faulty(kind), path) for kind in ("401", "404", "short", "corrupt") for path in (TABLE, PLAIN)]
WAYS += [(faulty(kind), PLAIN) for kind in ("500", "truncated")]  # the hub's client would ask for half a minute


@pytest.mark.slow
@pytest.mark.parametrize(("way", "path"), WAYS, ids=lambda part: getattr(part, "__name__", part))
def test_no_message_of_a_download_holds_a_password(site, way, path):
    """A mirror, an endpoint and a proxy that fail in every way; the origin is named without its user."""
    code, said = site.download(path, **way(site, path))
    assert SECRET not in said, said
    assert "Traceback" not in said
    assert code in (0, 1)
    if "MIRROR" in said.partition("Without a network")[0]:
        assert "METAXL_MIRROR, http://127.0.0.1:" in said


def test_a_mirror_with_a_password_and_a_token_serves(site, hub):
    """Both reach the server; the token stays behind the path."""
    url = hub.url.replace("://", f"://user:{SECRET}@")
    code, said = site.download(PLAIN, METAXL_MIRROR=f"{url}/files/?token={SECRET}")
    assert code == 0, said
    assert SECRET not in said
    assert ("GET", f"/files/{PLAIN}?token={SECRET}") in hub.requests
    assert all(SECRET not in path.read_text() for path in (site.folder / "workflow" / "data").glob("registry.lock*"))


@pytest.mark.parametrize("way", [no_endpoint, offline, closed], ids=lambda way: way.__name__)
@pytest.mark.parametrize("command", ["check", "encoder"])
def test_no_other_command_says_a_password(site, way, command):
    variables = way(site, "")
    code, said = (
        site.run("check", "--preset", "paper", **variables) if command == "check" else site.encoder(**variables)
    )
    assert SECRET not in said, said
    assert code == (0 if way is closed else 1), "the mirror alone is closed, and holds no encoder"
