"""Who is asking: each way in, and each way in which somebody could pretend."""

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from medrag.errors import Forbidden, LibraryError, Unauthorized
from medrag.server.access import LOCAL, Caller
from medrag.server.identity import guard_ambient, host_allowed, identify
from medrag.server.keys import KeyStore
from medrag.server.settings import ServeSettings

HERE = "127.0.0.1"
PROXY = ServeSettings(
    host="10.0.0.2",
    names=("medrag.example",),
    proxy_addresses=("10.0.0.5", "10.9.0.0/24", "127.0.0.1"),
    proxy_collections=("guidelines",),
)


def headers(*pairs: tuple[str, str]) -> Headers:
    return Headers(raw=[(n.lower().encode(), v.encode("latin-1")) for n, v in pairs])


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path)


def bearer(key: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {key}"


def test_without_keys_whoever_sits_here_may_do_everything(keys: KeyStore) -> None:
    for peer in (HERE, "::1", "::ffff:127.0.0.1"):
        assert identify(peer, headers(), keys=keys, serve=ServeSettings()) is LOCAL


def test_without_keys_a_key_that_a_client_always_sends_is_not_looked_at(keys: KeyStore) -> None:
    sent = headers(bearer("sk-anything"))
    assert identify(HERE, sent, keys=keys, serve=ServeSettings()) is LOCAL
    for peer, serve in (("10.0.0.9", ServeSettings()), (HERE, ServeSettings(host="10.0.0.2"))):
        with pytest.raises(Unauthorized):
            identify(peer, sent, keys=keys, serve=serve)


@pytest.mark.parametrize(
    "peer, serve, sent",
    [
        ("10.0.0.9", ServeSettings(), ()),
        ("", ServeSettings(), ()),
        (HERE, ServeSettings(host="10.0.0.2"), ()),
        (HERE, ServeSettings(host="0.0.0.0"), ()),
        (HERE, ServeSettings(proxy_addresses=(HERE,), proxy_collections=("*",)), ()),
        (HERE, ServeSettings(), [("X-Forwarded-For", "127.0.0.1")]),
        (HERE, ServeSettings(), [("Forwarded", "for=127.0.0.1")]),
    ],
)
def test_whoever_may_sit_elsewhere_needs_a_key(keys, peer, serve, sent) -> None:
    with pytest.raises(Unauthorized):
        identify(peer, headers(*sent), keys=keys, serve=serve)


def test_the_password_of_a_sign_on_is_the_proxys_own_affair(keys: KeyStore) -> None:
    serve = ServeSettings(proxy_addresses=("10.0.0.5",), proxy_collections=("*",))
    sent = headers(("Authorization", "Basic YWxpY2U6cHc="), ("X-Remote-User", "Alice"))
    alice = identify("10.0.0.5", sent, keys=keys, serve=serve)
    assert (alice.id, alice.name) == ("proxy:alice", "Alice")
    with pytest.raises(Unauthorized):
        identify("10.0.0.6", sent, keys=keys, serve=serve)


@pytest.mark.parametrize(
    "serve",
    [
        ServeSettings(names=("medrag.example",)),
        ServeSettings(public_url="https://medrag.example"),
        ServeSettings(cors_origins=("https://intranet.example",)),
    ],
)
def test_a_server_that_others_are_to_reach_needs_a_key(
    keys: KeyStore, serve: ServeSettings
) -> None:
    with pytest.raises(Unauthorized):
        identify(HERE, headers(), keys=keys, serve=serve)


def test_once_there_was_a_key_nobody_comes_in_without(keys: KeyStore) -> None:
    record, key = keys.add("x", "reader", ["a"])
    with pytest.raises(Unauthorized):
        identify(HERE, headers(), keys=keys, serve=ServeSettings())
    caller = identify(HERE, headers(bearer(key)), keys=keys, serve=ServeSettings())
    assert (caller.id, caller.collections) == (record.id, {"a"})
    keys.revoke("x")
    for sent in ([], [bearer(key)]):
        with pytest.raises(Unauthorized):
            identify(HERE, headers(*sent), keys=keys, serve=ServeSettings())


def test_a_damaged_file_of_keys_is_no_open_door(keys: KeyStore, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{")
    for sent in ([], [bearer("mr_" + "0" * 8 + "_" + "a" * 43)]):
        with pytest.raises(LibraryError):
            identify(HERE, headers(*sent), keys=keys, serve=ServeSettings())


def test_a_wrong_authorization_is_not_mended_by_anything_else(keys: KeyStore) -> None:
    _, key = keys.add("x", "reader", ["a"])
    signed = ("X-Remote-User", "alice")
    wrong = [
        [bearer("mr_no")],
        [bearer(key + "x")],
        [bearer(key), bearer(key)],
        [("Authorization", key)],
        [("Authorization", f"Basic {key}"), ("Authorization", f"Basic {key}")],
        [("Authorization", f"Bearer {key}, Bearer {key}")],
        [("Authorization", "Bearer")],
        [("Authorization", "")],
    ]
    for sent in wrong:
        with pytest.raises(Unauthorized):
            identify("10.0.0.5", headers(*sent, signed), keys=keys, serve=PROXY)


def test_a_key_counts_before_the_proxys_word(keys: KeyStore) -> None:
    record, key = keys.add("x", "reader", ["a"])
    sent = headers(bearer(key), ("X-Remote-User", "alice"))
    for peer in ("10.0.0.5", "192.168.0.1"):
        assert identify(peer, sent, keys=keys, serve=PROXY).id == record.id


def test_the_scheme_may_be_written_in_any_case(keys: KeyStore) -> None:
    record, key = keys.add("x", "reader", ["a"])
    sent = headers(("Authorization", f"bearer  {key}"))
    assert identify("10.1.1.1", sent, keys=keys, serve=PROXY).id == record.id


def test_a_named_proxy_signs_people_on(keys: KeyStore) -> None:
    for peer in ("10.0.0.5", "10.9.0.77", "::ffff:10.0.0.5"):
        sent = headers(("X-Remote-User", "HOSPITAL\\a.smith@example-1"))
        caller = identify(peer, sent, keys=keys, serve=PROXY)
        assert caller == Caller(
            "proxy:hospital\\a.smith@example-1",
            "HOSPITAL\\a.smith@example-1",
            "reader",
            frozenset({"guidelines"}),
            "proxy",
        )


def test_what_people_of_a_proxy_may_is_what_the_settings_say(keys: KeyStore) -> None:
    sent = headers(("X-User", "alice"))
    serve = ServeSettings(
        proxy_addresses=("10.0.0.5",),
        proxy_user_header="X-User",
        proxy_role="curator",
        proxy_collections=("*",),
    )
    caller = identify("10.0.0.5", sent, keys=keys, serve=serve)
    assert (caller.role, caller.collections) == ("curator", None)
    closed = ServeSettings(proxy_addresses=("10.0.0.5",), proxy_user_header="X-User")
    with pytest.raises(Forbidden):
        identify("10.0.0.5", sent, keys=keys, serve=closed)


@pytest.mark.parametrize("peer", ["10.0.0.6", "10.9.1.1", "192.168.1.1", "", "unix:", "::5"])
def test_the_proxys_header_from_anybody_else_is_refused(keys: KeyStore, peer: str) -> None:
    sent = headers(("X-Remote-User", "admin"), ("X-Forwarded-For", "10.0.0.5"))
    with pytest.raises(Unauthorized, match="not a named proxy"):
        identify(peer, sent, keys=keys, serve=PROXY)


def test_the_header_is_refused_where_no_proxy_is_named(keys: KeyStore) -> None:
    with pytest.raises(Unauthorized, match="not a named proxy"):
        identify(HERE, headers(("X-Remote-User", "a")), keys=keys, serve=ServeSettings())


@pytest.mark.parametrize(
    "users",
    [
        ["alice", "admin"], ["alice", "alice"], [""], [" "], ["alice, admin"], ["a b"],
        ["a" * 129], ["al\u00efce"], ["a\x00b"], ["a\tb"], ["<b>a</b>"], ["../a"], ["a:b"],
    ],
)  # fmt: skip
def test_a_proxy_must_name_exactly_one_person(keys: KeyStore, users: list[str]) -> None:
    sent = headers(*(("X-Remote-User", user) for user in users))
    with pytest.raises(Unauthorized, match="one person"):
        identify("10.0.0.5", sent, keys=keys, serve=PROXY)


def test_a_proxy_that_names_nobody_is_nobody(keys: KeyStore) -> None:
    with pytest.raises(Unauthorized, match="needs a key"):
        identify("10.0.0.5", headers(), keys=keys, serve=PROXY)


@pytest.mark.parametrize(
    "sent, allowed",
    [
        ([("Origin", "https://intranet.example")], True),
        ([("Origin", "https://intranet.example:443")], True),
        ([("Origin", "http://intranet.example")], False),
        ([("Origin", "https://intranet.example.evil.example")], False),
        ([("Origin", "https://evil.example")], False),
        ([("Origin", "null")], False),
        ([("Origin", "https://intranet.example"), ("Origin", "https://evil.example")], False),
        ([], False),
        ([("Sec-Fetch-Site", "same-origin")], False),
        ([("Host", "intranet.example"), ("Sec-Fetch-Site", "same-origin")], True),
        ([("Host", "medrag.example"), ("Sec-Fetch-Site", "same-origin")], False),
        ([("Host", "intranet.example"), ("Sec-Fetch-Site", "cross-site")], False),
        ([("Host", "intranet.example")], False),
    ],
)
def test_a_widgets_key_works_from_its_pages_only(keys: KeyStore, sent, allowed) -> None:
    _, key = keys.add("widget", "reader", ["a"], origins=["https://intranet.example"])
    sent = headers(bearer(key), *sent)
    if allowed:
        assert identify("10.1.1.1", sent, keys=keys, serve=PROXY).name == "widget"
    else:
        with pytest.raises(Forbidden):
            identify("10.1.1.1", sent, keys=keys, serve=PROXY)


LOCAL_HOST = ("Host", "localhost:8642")


@pytest.mark.parametrize(
    "method, sent, allowed",
    [
        ("POST", [LOCAL_HOST], True),  # no browser
        ("POST", [LOCAL_HOST, ("Origin", "http://localhost:8642")], True),
        ("DELETE", [LOCAL_HOST, ("Sec-Fetch-Site", "same-origin")], True),
        ("GET", [LOCAL_HOST, ("Origin", "https://evil.example")], True),  # CORS hides the answer
        ("POST", [LOCAL_HOST, ("Origin", "https://localhost:8642")], False),
        ("POST", [LOCAL_HOST, ("Origin", "http://localhost:8000")], False),
        ("POST", [LOCAL_HOST, ("Origin", "http://127.0.0.1:8642")], False),
        ("POST", [LOCAL_HOST, ("Origin", "https://evil.example")], False),
        ("POST", [LOCAL_HOST, ("Origin", "null")], False),
        ("POST", [LOCAL_HOST, ("Sec-Fetch-Site", "cross-site")], False),
        ("POST", [LOCAL_HOST, ("Sec-Fetch-Site", "same-site")], False),
        ("DELETE", [LOCAL_HOST, ("Origin", "https://evil.example")], False),
        ("PATCH", [LOCAL_HOST, ("Origin", "https://evil.example")], False),
        ("GET", [("Host", "evil.example:8642")], False),  # DNS rebinding
        ("POST", [("Host", "evil.example"), ("Origin", "http://evil.example")], False),
        ("GET", [], False),
        ("GET", [LOCAL_HOST, LOCAL_HOST], False),
    ],
)
def test_another_site_cannot_use_whoever_sits_here(method, sent, allowed) -> None:
    def guard(caller: Caller) -> None:
        guard_ambient(method, headers(*sent), ServeSettings(), caller, "http")

    guard(Caller("k", "k", "reader"))  # a key was given on purpose
    if allowed:
        guard(LOCAL)
    else:
        with pytest.raises(Forbidden):
            guard(LOCAL)


@pytest.mark.parametrize(
    "origin, allowed",
    [
        ("https://medrag.example", True),  # the proxy ends the TLS
        ("https://public.example:8443", True),
        ("https://medrag.example:8443", False),
        ("https://evil.example", False),
        ("https://public.example", False),
    ],
)
def test_behind_a_proxy_the_page_may_have_another_scheme(origin: str, allowed: bool) -> None:
    serve = ServeSettings(names=("medrag.example",), public_url="https://public.example:8443/x")
    caller = Caller("proxy:a", "a", "reader", kind="proxy")
    sent = headers(("Host", "medrag.example"), ("Origin", origin))
    if allowed:
        guard_ambient("POST", sent, serve, caller, "http")
    else:
        with pytest.raises(Forbidden):
            guard_ambient("POST", sent, serve, caller, "http")


@pytest.mark.parametrize(
    "host, allowed",
    [
        ("localhost", True), ("LOCALHOST:1", True), ("127.0.0.1:8642", True), ("127.3.4.5", True),
        ("[::1]:8642", True), ("localhost.", True), ("10.0.0.2:8642", True), ("10.0.0.2", True),
        ("medrag.example", True), ("Medrag.Example:8443", True), ("pub.example", True),
        ("", False), (":80", False), ("evil.example", False), ("10.0.0.3", False),
        ("localhost.evil.example", False), ("medrag.example.evil.example", False),
        ("localhost:99999", False), ("localhost:8642:1", False), ("localhost, evil", False),
        ("evil@localhost", False), ("localhost/evil", False), ("localhost evil", False),
        ("[::1", False), ("127.1", False), ("2130706433", False), ("localhost\u00e9", False),
    ],
)  # fmt: skip
def test_host_names_of_this_server(host: str, allowed: bool) -> None:
    serve = ServeSettings(
        host="10.0.0.2", names=("medrag.example:8642",), public_url="https://pub.example/medrag"
    )
    assert host_allowed(host, serve) is allowed


def test_a_server_on_every_address_takes_addresses_but_no_unknown_names() -> None:
    serve = ServeSettings(host="0.0.0.0", names=("medrag.example",))
    assert host_allowed("10.2.3.4:8642", serve) and host_allowed("medrag.example", serve)
    assert not host_allowed("evil.example", serve)
    assert not host_allowed("10.2.3.4", ServeSettings())
