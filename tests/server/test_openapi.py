"""What the server does is what its OpenAPI document says: schemathesis holds one against the other.

A short run, the same each time; with SCHEMATHESIS_EXAMPLES=300 in the environment a long one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest

from tests.server.conftest import Running, clean_environment, make_library, start

pytestmark = pytest.mark.slow

PROGRAM = str(Path(sys.executable).with_name("schemathesis"))
JSON = {"Content-Type": "application/json"}
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "0"))
LIMITS = (
    "[serve]\nupload_bytes = 2000000\nrequests_per_minute = 1000000\nasks_per_minute = 1000000\n"
)
# Which generators a server offers, which files can be read and how long a document is, no schema
# says. The login limit turns 401 into 429 after twenty wrong keys: who may is tested below.
CONFIGURATION = """
continue-on-failure = true
cache.enabled = false
auth.openapi.key.bearer = "{key}"
parameters."path.document_id" = "{document}"
checks.ignored_auth.enabled = false
checks.negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 413, 422, 429]
generation.no-shrink = true

[[operations]]
include-name = ["POST /v1/ask", "POST /v1/documents", "GET /v1/documents/{{document_id}}/text"]
checks.positive_data_acceptance.enabled = false

[[operations]]
include-name = "DELETE /v1/documents/{{document_id}}"
parameters."path.document_id" = "{other}"
"""


@pytest.fixture(scope="module")
def house(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server whose documents may come and go."""
    folder = tmp_path_factory.mktemp("openapi")
    config = folder / "medrag.toml"
    config.write_text(LIMITS, "utf-8")
    library, keys = make_library(samples, folder)
    running = start(library, config, keys)
    yield running
    assert running.stop() == 0
    log = running.log.read_text()
    assert "Traceback" not in log and "ERROR" not in log


@pytest.fixture(scope="module")
def described(house: Running) -> dict[str, Any]:
    """The OpenAPI document."""
    with house.client(None) as nobody:
        found: dict[str, Any] = nobody.get("/openapi.json").json()
    return found


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, told)
        for path, methods in described["paths"].items()
        for method, told in methods.items()
    ]


def fits(described: dict[str, Any], told: dict[str, Any], reply: httpx2.Response) -> bool:
    """Whether a reply is what an operation says of its status."""
    answer = told["responses"][str(reply.status_code)]
    kind = reply.headers["content-type"].split(";")[0]
    schema = answer["content"][kind]["schema"] | {"components": described["components"]}
    return jsonschema.Draft202012Validator(schema).is_valid(reply.json())


@pytest.mark.parametrize(
    ("who", "phases"), [("admin", "examples,coverage,fuzzing"), ("reader", "fuzzing")]
)
def test_the_server_keeps_to_its_document(
    house: Running, described: dict[str, Any], tmp_path: Path, who: str, phases: str
) -> None:
    with house.client("admin") as client:
        documents = client.get("/v1/documents").json()["documents"]
    ids = [one["id"] for one in documents if one["collections"] == ["default"]]
    (tmp_path / "schemathesis.toml").write_text(
        CONFIGURATION.format(key=house.keys[who], document=ids[0], other=ids[1]), "utf-8"
    )
    how = ["--generation-deterministic", "-n3", "--phases", phases]
    if EXAMPLES:
        how = [f"-n{EXAMPLES}", "--phases", "examples,coverage,fuzzing,stateful"]
    subprocess.run(
        [PROGRAM, "run", f"{house.address}/openapi.json", "--no-color", "--report=json",
         "--report-json-path=report.json", *how],
        cwd=tmp_path, env=clean_environment(), stdout=(tmp_path / "told").open("w"), check=False,
    )  # fmt: skip
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["complete"], report["stop_reason"]
    assert not (report["failures"] or report["errors"]), (tmp_path / "told").read_text()[:20_000]
    assert report["operations"]["tested"] == len(operations(described)) >= 20
    assert report["test_cases"]["generated"] > 40
    with house.client("admin") as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        assert "medrag_engines_lent 0.0" in client.get("/metrics").text


def test_every_door_but_health_needs_a_key(house: Running, described: dict[str, Any]) -> None:
    with house.client(None) as nobody:
        for method, path, told in operations(described):
            reply = nobody.request(method, re.sub(r"\{\w+\}", "0" * 64, path))
            if told.get("security"):
                assert reply.status_code == 401, path
                assert reply.headers["www-authenticate"] == "Bearer", path
            else:
                assert (reply.status_code, path) in ((200, "/healthz"), (200, "/readyz"))
            assert fits(described, told, reply), path


def test_what_is_refused_before_a_door_is_described_too(
    house: Running, described: dict[str, Any]
) -> None:
    with house.client("admin") as client:
        for method, path, told in operations(described):
            if not told.get("requestBody"):
                continue
            other = client.request(method, path, headers={"Host": "another.example"})
            large = client.request(method, path, content=b" " * 2_000_001)
            broken = client.request(method, path, content=b"{", headers=JSON)
            statuses = [reply.status_code for reply in (other, large, broken)]
            assert statuses[:2] == [421, 413] and statuses[2] in (400, 422), path
            for reply in (other, large, broken):
                assert fits(described, told, reply), (path, reply.text)


def test_a_method_that_is_not_there_is_told_which_are(house: Running) -> None:
    with house.client("admin") as client:
        for path, methods in (
            ("/v1/documents", "GET, POST"),
            (f"/v1/documents/{'0' * 64}", "GET, DELETE"),
            ("/v1/ask", "POST"),
            ("/", "GET"),
        ):
            reply = client.request("PATCH", path)
            assert (reply.status_code, reply.headers["allow"]) == (405, methods)
            assert set(reply.json()) == {"error", "remedy"}


def test_a_whole_number_may_be_written_with_a_point(house: Running) -> None:
    with house.client() as client:
        found = client.post("/v1/search", content=b'{"query": "metformin", "k": 2.0}', headers=JSON)
        assert len(found.json()["passages"]) == 2
        for k in (b"2.5", b'"2"', b"true", b"1e999"):
            body = b'{"query": "metformin", "k": ' + k + b"}"
            assert client.post("/v1/search", content=body, headers=JSON).status_code == 422
