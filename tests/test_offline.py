"""The guard refuses what leaves the machine, and lets loopback be."""

import socket
import subprocess
import sys

import pytest

from medrag import offline
from medrag.errors import NetworkBlocked

NOBODY = "192.0.2.1"  # RFC 5737: kept for documentation


def test_a_raw_socket_is_refused_with_what_to_do() -> None:
    with offline.guarded(), socket.socket() as sock, pytest.raises(NetworkBlocked) as caught:
        sock.connect((NOBODY, 80))
    assert NOBODY in str(caught.value)
    assert "allow_hosts" in str(caught.value)


def test_a_datagram_and_a_name_are_refused() -> None:
    with offline.guarded():
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
            pytest.raises(NetworkBlocked),
        ):
            sock.sendto(b"patient", (NOBODY, 53))
        with pytest.raises(NetworkBlocked):
            socket.getaddrinfo("example.org", 443)


def test_a_hub_client_is_refused() -> None:
    from huggingface_hub import hf_hub_download

    with offline.guarded(), pytest.raises(Exception) as caught:
        hf_hub_download("some/model", "config.json", force_download=True)
    chain, error = [], caught.value
    while error is not None:
        chain.append(type(error).__name__)
        error = error.__cause__ or error.__context__
    assert {"NetworkBlocked", "OfflineModeIsEnabled"} & set(chain)


def test_urllib_is_refused() -> None:
    from urllib.error import URLError
    from urllib.request import urlopen

    with offline.guarded(), pytest.raises((URLError, NetworkBlocked)) as caught:
        urlopen(f"http://{NOBODY}/", timeout=2)
    assert "refused" in str(caught.value)


def test_another_program_is_refused() -> None:
    with offline.guarded(), pytest.raises(NetworkBlocked, match="curl"):
        subprocess.run(["curl", "http://192.0.2.1/"], check=False)


@pytest.mark.parametrize("command", [offline.WORKER_COMMAND, offline.INTAKE_COMMAND])
def test_our_own_programs_start_by_just_their_commands(command: tuple[str, ...]) -> None:
    with offline.guarded():
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
        )
        for other in ([*command, "--more"], [*command[:-1], "medrag.cli"], list(command[:1])):
            with pytest.raises(NetworkBlocked):
                subprocess.run(other, stdin=subprocess.DEVNULL, check=False)
    assert done.stdout == b""


def test_the_program_that_reads_uploads_stands_under_the_guard() -> None:
    code = (
        "from medrag import offline\nfrom medrag.server import intake_worker as worker\n"
        "worker._carry_out = lambda order, tell: {'guarded': offline.enabled()}\nworker.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("{}\n")
        process.stdin.flush()  # and left open: when it ends, so does the program
        said = process.stdout.readline()
    assert said == '{"type": "result", "guarded": true}\n'


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
def test_loopback_works(address: str) -> None:
    with offline.guarded(), socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with socket.create_connection((address, server.getsockname()[1]), timeout=5):
            pass


@pytest.mark.parametrize(
    "host", ["127.0.0.1.example.org", "localhost.example.org", "0x7f.1.example", "::ffff:192.0.2.1"]
)
def test_names_that_look_like_loopback_are_refused(host: str) -> None:
    with offline.guarded(), pytest.raises(NetworkBlocked):
        socket.getaddrinfo(host, 80)


def test_a_host_that_is_named_may_be_reached_and_others_not() -> None:
    with offline.guarded((NOBODY,)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((NOBODY, 9))
        with socket.socket() as sock, pytest.raises(NetworkBlocked):
            sock.connect(("192.0.2.2", 9))


def test_without_the_guard_nothing_is_touched() -> None:
    code = (
        "import socket; from medrag import offline\n"
        "with offline.guarded(): pass\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "try:\n    s.connect(('192.0.2.1', 9))\n"
        "except Exception as error:\n    assert type(error) is OSError, error\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_open_engine_guards_the_process(samples: object) -> None:
    from medrag import Engine

    with Engine.open(str(samples)), socket.socket() as sock, pytest.raises(NetworkBlocked):
        sock.connect((NOBODY, 80))
    with Engine.open(str(samples), offline=False):
        assert not offline.enabled()


def test_a_hold_that_is_released_is_its_own() -> None:
    code = (
        "import socket; from medrag import offline\n"
        "from medrag.errors import NetworkBlocked\n"
        "one = offline.enable(('192.0.2.1',)); other = offline.enable()\n"
        "offline.release(one); offline.release(one)\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "try:\n    s.connect(('192.0.2.1', 9))\nexcept NetworkBlocked:\n    print('refused')\n"
        "offline.release(other)\nprint(offline.enabled())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["refused", "False"], done.stderr
