"""Which URLs and addresses may be called: nothing that leads back into the server's own network."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demotic.domain.errors import BadInput
from demotic.web.outgoing.addresses import LOOPBACK, METADATA, literal, refusal
from demotic.web.outgoing.policy import UrlPolicy

ANY = UrlPolicy()
LOCAL = UrlPolicy(networks=LOOPBACK)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.1.1"),
        *("172.16.0.1", "172.31.255.255", "192.168.1.1", "192.0.0.1", "192.0.2.1", "192.88.99.1"),
        *("198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
        *("255.255.255.255", "169.254.169.254", "100.100.100.200", "168.63.129.16"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
        *("64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:a00:1::1"),
        *("3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1"),
        *("ff02::1", "::ffff:0:10.0.0.1"),
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(BadInput, match="must not lead to"):
        ANY.target(f"https://{host}/")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
)
def test_a_public_address_is_not(address: str) -> None:
    assert refusal(ip_address(address)) is None


def test_networks_can_be_opened_but_no_metadata_service() -> None:
    everything = [ip_network("0.0.0.0/0"), ip_network("::/0")]
    assert refusal(ip_address("10.1.2.3"), [ip_network("10.0.0.0/8")]) is None
    assert refusal(ip_address("11.1.2.3"), [ip_network("10.0.0.0/8")]) is None
    assert refusal(ip_address("172.16.0.1"), [ip_network("10.0.0.0/8")]) == "private"
    for address in ("169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254"):
        assert refusal(ip_address(address), everything) == METADATA


def test_an_opened_gateway_to_ipv4_lets_public_addresses_pass_only() -> None:
    gateway = [ip_network("64:ff9b::/96")]
    assert refusal(ip_address("64:ff9b::8.8.8.8"), gateway) is None
    assert refusal(ip_address("64:ff9b::10.0.0.1"), gateway) == "private"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "must have 1 to 65536 characters"),
        ("/hook", "must not be a relative URL. Give an absolute URL"),
        ("hook", "must not be a relative URL"),
        ("//app.example.com/hook", "must not be a relative URL"),
        ("?a=b", "must not be a relative URL"),
        ("localhost:8000/hook", "must be a URL of https or http, not of 'localhost'"),
        ("ftp://app.example.com/", "not of 'ftp'"),
        ("file:///etc/passwd", "not of 'file'"),
        ("javascript:alert(1)", "not of 'javascript'"),
        ("https://", "must name a host"),
        ("https:///hook", "must name a host"),
        ("https://?x", "must name a host"),
        ("https://a..b/", "must name a host"),
        ("https://-a.example/", "must name a host"),
        ("https://a.example.7/", "must name a host"),
        ("https://[::1/", "is not a URL"),
        ("https://[fe80::1%25eth0]/", "must not"),
        ("https://user@app.example.com/", "must not hold a user name or password"),
        ("https://user:secret@app.example.com/", "must not hold a user name or password"),
        ("https://app.example.com/#part", "must not have a fragment"),
        ("https://app.example.com/a b", "ASCII"),
        ("https://app.example.com\\@10.0.0.1/", "ASCII"),
        ("https://app.example.com/\r\nX: y", "ASCII"),
        ("https://app.example.com/\u2028", "ASCII"),
        ("https://\uff11\uff12\uff17.0.0.1/", "ASCII"),
        ("https://app.example.com:0/", "must not use port 0"),
        ("https://app.example.com:70000/", "must have a port from 1 to 65535"),
        ("https://app.example.com:x/", "must have a port"),
        ("https://app.example.com:25/", "must not use port 25: it belongs to another protocol"),
        ("http://localhost/", "must not lead to localhost, which is a loopback address"),
        ("http://localhost./", "must not lead to localhost"),
        ("http://a.LocalHost/", "must not lead to a.localhost"),
        ("http://127.1/", "must not lead to 127.0.0.1"),
        ("http://0x7f.1/", "must not lead to 127.0.0.1"),
        ("http://2130706433/", "must not lead to 127.0.0.1"),
        ("http://0177.0.0.1/", "must not lead to 127.0.0.1"),
        ("http://0/", "must not lead to 0.0.0.0"),
        ("http://10.0.0.1:8000/", "must not lead to 10.0.0.1, which is private"),
        ("http://169.254.169.254/latest/", "must not lead to 169.254.169.254"),
        ("http://[::1]/", "must not lead to ::1"),
        ("http://[::ffff:127.0.0.1]/", "an IPv4 address in disguise"),
    ],
)
def test_a_url_that_cannot_be_called_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(BadInput) as refused:
        ANY.target(url)
    assert why in refused.value.message


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("https://app.example.com", "https://app.example.com/"),
        ("HTTPS://App.Example.com:443/Hook?Token=1", "https://app.example.com/Hook?Token=1"),
        ("http://app.example.com:8080/a/../b", "http://app.example.com:8080/a/../b"),
        ("https://my_service/x", "https://my_service/x"),
        ("https://8.8.8.8:8443/", "https://8.8.8.8:8443/"),
        ("https://134744072/", "https://8.8.8.8/"),
        ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://xn--bcher-kva.example/%C3%BC", "https://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_a_url_that_can_be_called_is_spelled_in_one_way(url: str, spelled: str) -> None:
    assert ANY.target(url).url == spelled


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "127.1:8000", "[::1]:8000"])
def test_loopback_can_be_opened(host: str) -> None:
    assert LOCAL.target(f"http://{host}/hook").port == 8000
    with pytest.raises(BadInput, match="private"):
        LOCAL.target("http://10.0.0.1/")


def test_a_refusal_tells_the_setting_that_would_allow_it() -> None:
    for url, setting in [
        ("http://127.0.0.1/", "disable_loopback"),
        ("http://10.0.0.1/", "DEMOTIC_WEBHOOK_NETWORKS"),
    ]:
        with pytest.raises(BadInput, match=setting):
            ANY.target(url)
    with pytest.raises(BadInput) as refused:
        ANY.target("http://169.254.169.254/")
    assert "Where that is meant" not in refused.value.message


def test_https_can_be_required() -> None:
    policy = UrlPolicy(require_https=True)
    with pytest.raises(BadInput, match="require_https"):
        policy.target("http://app.example.com/")
    assert policy.target("https://app.example.com/").port == 443


def test_domains_can_be_listed() -> None:
    policy = UrlPolicy(domains=("hooks.example.com", "*.internal.example"))
    for host in (
        "hooks.example.com",
        "HOOKS.example.com",
        "a.internal.example",
        "a.b.internal.example",
        "hooks.example.com.",
    ):
        policy.target(f"https://{host}/")
    for host in (
        "example.com",
        "internal.example",
        "x.hooks.example.com",
        "ainternal.example",
        "8.8.8.8",
    ):
        with pytest.raises(BadInput, match="allowed_domains"):
            policy.target(f"https://{host}/")


def test_ports_can_be_listed() -> None:
    policy = UrlPolicy(ports=frozenset([443, 25]))
    assert policy.target("https://app.example.com/").port == 443
    assert policy.target("https://app.example.com:25/").port == 25
    for url in ("http://app.example.com/", "https://app.example.com:8443/"):
        with pytest.raises(BadInput, match="allowed_ports"):
            policy.target(url)


def test_the_length_is_bounded() -> None:
    policy = UrlPolicy(longest=30)
    policy.target("https://app.example.com/123456")
    with pytest.raises(BadInput, match="must have 1 to 30 characters; it has 31"):
        policy.target("https://app.example.com/1234567")


URLS = st.one_of(
    st.text(),
    st.from_regex(r"https?://[^\s]*", fullmatch=True),
    st.builds("http://{}:{}/{}".format, st.text(max_size=20), st.integers(), st.text(max_size=20)),
    st.builds("http://{}/".format, st.ip_addresses()),
    st.builds("http://[{}]/".format, st.ip_addresses(v=6)),
    st.builds("http://{}/".format, st.integers(0, 2**33)),
)


@given(URLS)
def test_whatever_is_given_it_is_a_target_or_refused(url: str) -> None:
    try:
        target = ANY.target(url)
    except BadInput:
        return
    assert ANY.target(target.url) == target
    address = literal(target.host)
    assert address is None or refusal(address) is None
