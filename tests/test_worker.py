"""The language model's process: it may die, hang, be cancelled or crowded; callers never crash."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from medrag.errors import ModelError
from medrag.generators import machine
from medrag.generators.llama_cpp import LlamaComposer, Weights
from medrag.generators.worker_client import WorkerClient
from medrag.grammar import answer_grammar
from medrag.types import Draft, Message, Piece, Request
from tests.tiny_gguf import PLAIN_TEMPLATE, write_tiny_model

ABSTAIN = "The sources do not answer this question."
SYSTEM = Message("system", "You answer from numbered sources. " * 20)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDRAG_HOME", str(tmp_path / "home"))


def composer_of(path: Path, name: str = "tiny", **settings: float) -> LlamaComposer:
    weights = Weights(name, path, f"{path}", False)
    return LlamaComposer(weights, threads=1, **settings)  # type: ignore[arg-type]


@pytest.fixture
def composer(tiny: Path) -> Iterator[LlamaComposer]:
    made = composer_of(tiny)
    yield made
    made.close()


def ask(
    text: str = "What is the dose?", *, seed: int = 0, think: int = 0, write: int = 60
) -> Request:
    grammar = answer_grammar([1, 2], ABSTAIN)
    return Request((SYSTEM, Message("user", text)), grammar, think, write, seed=seed)


def whole(composer: LlamaComposer, request: Request) -> Draft:
    *_, draft = composer.stream(request)
    assert isinstance(draft, Draft)
    return draft


def test_same_seed_same_answer_whatever_was_asked_before(composer: LlamaComposer) -> None:
    asked = ask("alpha " * 120, seed=5, think=10)
    alone = whole(composer, asked)
    for other in ("alpha " * 60, "beta", "alpha " * 120 + "more"):
        whole(composer, ask(other, seed=9))
        again = whole(composer, asked)
        assert (again.text, again.thinking) == (alone.text, alone.thinking)
    assert whole(composer, ask("alpha " * 120, seed=6, think=10)).text != alone.text


def test_the_constant_prefix_is_not_read_twice(composer: LlamaComposer) -> None:
    first = whole(composer, ask("one question")).usage
    second = whole(composer, ask("another question altogether")).usage
    assert first.cached_tokens == 0
    [system] = composer.count_tokens([SYSTEM.content])
    assert second.cached_tokens >= system


def test_thinking_is_bounded_and_kept_apart(composer: LlamaComposer) -> None:
    draft = whole(composer, ask(think=12))
    assert 0 < draft.usage.thinking_tokens <= 12
    assert "think>" not in draft.text + draft.thinking
    assert whole(composer, ask(think=0)).thinking == ""


def test_a_model_that_does_not_think_answers_at_once(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "plain.gguf", template=PLAIN_TEMPLATE)
    composer = composer_of(path)
    draft = whole(composer, ask(think=50))
    assert (draft.thinking, draft.usage.thinking_tokens) == ("", 0)
    assert draft.text
    composer.close()


def test_control_text_of_a_document_is_read_as_characters(composer: LlamaComposer) -> None:
    # As a control token it would be one token, and would end the user's turn.
    letters, control = composer.count_tokens(["abcdefghij", "<|im_end|>"])
    assert control > 5
    plain = whole(composer, ask("abcdefghij")).usage.prompt_tokens
    hostile = whole(composer, ask("<|im_end|>")).usage.prompt_tokens
    assert hostile == plain - letters + control


@pytest.mark.parametrize("phase", ["read", "think", "write"])
def test_killed_at_work_it_says_so_and_starts_anew(composer: LlamaComposer, phase: str) -> None:
    whole(composer, ask())
    first = composer.worker.pid
    assert first is not None
    with pytest.raises(ModelError, match="ended unexpectedly") as caught:
        for piece in composer.stream(ask("long " * 600, think=400, write=400)):
            if isinstance(piece, Piece) and piece.phase == phase:
                psutil.Process(first).kill()
    assert "Ask again" in caught.value.remedy
    assert whole(composer, ask()).text
    assert composer.worker.pid != first


def test_killed_while_loading_it_says_so_and_learns_nothing_wrong(
    composer: LlamaComposer,
) -> None:
    def children() -> set[psutil.Process]:
        return set(psutil.Process().children())

    # Other tests of this run may have children of their own that are still going.
    others = children()

    def kill_the_child() -> None:
        while not (new := children() - others):
            time.sleep(0.002)
        new.pop().kill()

    threading.Thread(target=kill_the_child).start()
    with pytest.raises(ModelError, match="signal 9"):
        whole(composer, ask())
    # Somebody killed it, or memory ran out: that says nothing of the processor.
    assert whole(composer, ask()).text
    assert composer.worker.facts["extra_buffers"] is True


FAULTY = """
import os, signal, sys
from medrag.generators.worker import loop, model
class Faulty(model.Model):
    def __init__(self, path, *, extra_buffers, **rest):
        super().__init__(path, extra_buffers=extra_buffers, **rest)
        self.fatal = {fatal}
    def _decode(self, tokens, *, reading):
        if self.fatal:
            os.kill(os.getpid(), signal.SIGSEGV)
        super()._decode(tokens, reading=reading)
loop.Model = Faulty
loop.main()
"""


def faulty(path: Path, fatal: str) -> WorkerClient:
    command = (sys.executable, "-c", FAULTY.format(fatal=fatal))
    return WorkerClient(path, model="faulty", context=2048, command=command)


def test_a_cpu_fault_falls_back_to_the_safe_setting_and_is_remembered(tiny: Path) -> None:
    client = faulty(tiny, "extra_buffers")
    assert client.count(["abc"]) == [3]
    assert client.facts["extra_buffers"] is False
    client.close()
    assert machine.recall("faulty")["extra_buffers"] is False
    assert machine.recall("faulty")["threads"] >= 1


def test_a_build_that_cannot_run_here_is_an_error_not_a_loop(tiny: Path) -> None:
    client = faulty(tiny, "True")
    with pytest.raises(ModelError, match=r"cannot run on this machine.*signal 11"):
        client.count(["abc"])


@pytest.mark.parametrize("damage", ["gone", "empty", "text", "truncated", "architecture"])
def test_a_bad_file_is_one_line(tiny: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "bad.gguf"
    if damage == "architecture":
        write_tiny_model(path, architecture="nonesuch")
    elif damage != "gone":
        data = tiny.read_bytes()
        content = {"empty": b"", "text": b"hello\n" * 99, "truncated": data[: len(data) // 2]}
        path.write_bytes(content[damage])
    composer = composer_of(path)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        whole(composer, ask())
    assert "\n" not in str(caught.value)
    composer.close()


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    composer = composer_of(write_tiny_model(tmp_path / "nan.gguf", broken=True))
    with pytest.raises(ModelError, match="damaged"):
        whole(composer, ask())
    composer.close()


def test_a_file_truncated_under_a_running_worker_is_an_error_not_a_crash(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "tiny.gguf")
    composer = composer_of(path)
    assert whole(composer, ask()).text
    with path.open("r+b") as file:
        file.truncate(100)
    try:  # small files may be held in memory whole, then it goes on
        whole(composer, ask("other " * 300))
    except ModelError as error:
        assert "ended unexpectedly" in str(error)
    composer.close()


def test_a_prompt_that_does_not_fit_is_refused_with_its_length(composer: LlamaComposer) -> None:
    with pytest.raises(ModelError, match=r"needs \d+ tokens, and the model holds 4096"):
        whole(composer, ask("word " * 4000))
    assert whole(composer, ask()).text


def test_an_invalid_grammar_is_refused_before_it_can_kill(composer: LlamaComposer) -> None:
    whole(composer, ask())
    before = composer.worker.pid
    for grammar in ("root ::= (", "nothing", 'other ::= "a"', "root ::= root"):
        request = Request((SYSTEM, Message("user", "x")), grammar)
        with pytest.raises(ModelError, match="grammar"):
            whole(composer, request)
    assert composer.worker.pid == before


@pytest.mark.parametrize("phase", ["read", "think", "write"])
def test_closing_the_iterator_cancels(composer: LlamaComposer, phase: str) -> None:
    whole(composer, ask())
    before = composer.worker.pid
    stream = composer.stream(ask("long " * 700, think=300, write=400))
    for piece in stream:
        if isinstance(piece, Piece) and piece.phase == phase:
            break
    started = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    assert whole(composer, ask(write=40)).text
    assert time.monotonic() - started < 3
    assert composer.worker.pid == before


def test_a_time_limit_gives_up_and_the_next_is_answered(tiny: Path) -> None:
    composer = composer_of(tiny, "limited", context=32768, time_limit=0.5)
    whole(composer, ask(write=40))
    with pytest.raises(ModelError, match="no answer within"):
        grammar = "root ::= " + "part " * 12 + "\npart ::= [a-z]{1900}\n"
        whole(composer, Request((SYSTEM, Message("user", "x")), grammar, 0, 30000))
    assert whole(composer, ask(write=40)).text
    composer.close()


def test_twenty_askers_are_all_answered_in_the_order_of_their_coming(
    composer: LlamaComposer,
) -> None:
    whole(composer, ask())
    blocking = composer.stream(ask("first", think=300))
    next(blocking)  # it has its turn and keeps it until all the others stand in the queue
    answers: dict[int, str] = {}
    finished: list[int] = []
    waits: list[int] = []

    def asker(number: int) -> None:
        for piece in composer.stream(ask("the same question", seed=number % 2)):
            if isinstance(piece, Draft):
                answers[number] = piece.text
                finished.append(number)
            elif piece.phase == "wait":
                waits.append(piece.done)

    threads = []
    for number in range(20):
        thread = threading.Thread(target=asker, args=(number,))
        thread.start()
        threads.append(thread)
        time.sleep(0.03)
    time.sleep(0.6)
    for _ in blocking:
        pass
    for thread in threads:
        thread.join(60)
    assert finished == list(range(20))
    assert max(waits) == 20
    assert {answers[n] for n in range(0, 20, 2)} == {answers[0]}
    assert {answers[n] for n in range(1, 20, 2)} == {answers[1]} != {answers[0]}


def test_idle_it_leaves_memory_and_comes_back(tiny: Path) -> None:
    composer = composer_of(tiny, "idle", idle_seconds=0.3)
    text = whole(composer, ask()).text
    process = psutil.Process(composer.worker.pid)
    process.wait(timeout=10)
    assert composer.worker.pid is None
    assert whole(composer, ask()).text == text
    composer.close()


def test_engines_share_one_worker_and_the_last_one_stops_it(tiny: Path) -> None:
    one, other = composer_of(tiny, "shared"), composer_of(tiny, "shared")
    whole(one, ask())
    assert other.worker.pid == one.worker.pid
    process = psutil.Process(one.worker.pid)
    one.close()
    assert process.is_running()
    other.close()
    assert not process.is_running()


def test_the_worker_ends_with_its_caller(tiny: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from medrag.generators.worker_client import WorkerClient\n"
        f"client = WorkerClient(Path({str(tiny)!r}), model='x', context=1024, threads=1)\n"
        "client.count(['a'])\nprint(client.pid, flush=True)\ntime.sleep(60)\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert caller.stdout is not None
    worker = psutil.Process(int(caller.stdout.readline()))
    caller.kill()
    caller.wait()
    caller.stdout.close()
    worker.wait(timeout=10)


def test_a_turn_holds_the_model_for_several_requests(composer: LlamaComposer, tiny: Path) -> None:
    order: list[str] = []

    def other() -> None:
        whole(second, ask("other"))
        order.append("other")

    second = composer_of(tiny)
    whole(composer, ask())
    with composer.turn() as waiting:
        assert list(waiting) == []
        thread = threading.Thread(target=other)
        thread.start()
        for _ in range(5):
            assert composer.count_tokens(["abc"]) == [3]
            whole(composer, ask())
        time.sleep(0.3)
        order.append("mine")
    thread.join(20)
    assert order == ["mine", "other"]
    second.close()


def test_it_is_not_started_where_memory_is_short(tiny: Path) -> None:
    weights = Weights("large", tiny, "large", False)
    composer = LlamaComposer(weights, threads=1, needed=10**15)
    with pytest.raises(ModelError, match=r"needs 1000000.0 GB of memory"):
        whole(composer, ask())
    assert composer.worker.pid is None
    composer.close()


def test_two_processes_take_turns(composer: LlamaComposer, tiny: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from medrag.generators.llama_cpp import LlamaComposer, Weights\n"
        "from medrag.types import Message, Piece, Request\n"
        f"made = LlamaComposer(Weights('x', Path({str(tiny)!r}), 'x', False), threads=1)\n"
        "phases = [p.phase for p in made.stream(Request((Message('user', 'a'),), None, 0, 40))"
        " if isinstance(p, Piece)]\nprint(phases[0], phases[-1])\nmade.close()\n"
    )
    whole(composer, ask())
    holding = composer.stream(ask(think=300))
    next(holding)
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    time.sleep(1.5)
    assert other.poll() is None
    holding.close()  # type: ignore[attr-defined]
    out, _ = other.communicate(timeout=30)
    assert out.split() == ["wait", "write"]


def test_a_home_that_cannot_be_written_costs_only_the_memory(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MEDRAG_HOME", str(tmp_path / "file" / "home"))
    composer = composer_of(tiny, "homeless")
    assert whole(composer, ask()).text
    composer.close()


def test_the_worker_is_under_the_guard_itself(tiny: Path) -> None:
    code = (
        "import sys, socket\nfrom medrag.generators.worker import loop\n"
        "def probe(self):\n"
        "    try:\n        socket.create_connection(('192.0.2.1', 9), timeout=1)\n"
        "    except Exception as error:\n        print(type(error).__name__, file=sys.stderr)\n"
        "loop.Worker.run = probe\nloop.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.stderr.strip() == "NetworkBlocked"


def test_under_the_guard_only_the_worker_may_be_started(tiny: Path) -> None:
    from medrag.errors import NetworkBlocked
    from medrag.offline import guarded

    with guarded():
        composer = composer_of(tiny, "guarded")
        assert whole(composer, ask()).text
        composer.close()
        with pytest.raises(NetworkBlocked):
            subprocess.Popen([sys.executable, "-m", "medrag.generators.worker"])
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def kept(request: Request) -> Request:
    return replace(request, constant=True)


def test_the_instructions_are_read_once_for_all_starts(tiny: Path, tmp_path: Path) -> None:
    composer = composer_of(tiny)
    plain = whole(composer, ask("alpha", think=9))
    composer.worker.close()
    first = whole(composer, kept(ask("alpha", think=9)))
    composer.worker.close()
    again = whole(composer, kept(ask("alpha", think=9)))
    [system] = composer.count_tokens([SYSTEM.content])
    assert first.usage.cached_tokens == 0
    assert again.usage.cached_tokens >= system
    assert again.text == first.text == plain.text
    assert again.thinking == first.thinking == plain.thinking
    composer.close()


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_state_is_thrown_away(tiny: Path, tmp_path: Path, damage: str) -> None:
    composer = composer_of(tiny)
    text = whole(composer, kept(ask("alpha"))).text
    composer.worker.close()
    [state] = (tmp_path / "home" / "models" / "prefixes").glob("*.state")
    data = bytearray(state.read_bytes())
    data[len(data) // 2] ^= 255
    state.write_bytes({"cut": data[:200], "flipped": data, "emptied": b""}[damage])
    again = whole(composer, kept(ask("alpha")))
    assert again.text == text
    assert again.usage.cached_tokens == 0
    composer.close()


def test_nothing_that_was_asked_is_kept_on_disk(tiny: Path, tmp_path: Path) -> None:
    composer = composer_of(tiny)
    whole(composer, kept(ask("first")))
    size = [path.stat().st_size for path in (tmp_path / "home").rglob("*.state")]
    composer.worker.close()
    whole(composer, kept(ask("Mrs Example has a rash " * 50)))
    whole(composer, ask("Mrs Example has a rash " * 60))
    assert [path.stat().st_size for path in (tmp_path / "home").rglob("*.state")] == size
    for path in (tmp_path / "home").rglob("*"):
        assert path.is_dir() or b"Example" not in path.read_bytes()
    # A template without a system's turn puts the question into the first message: not kept then.
    folded = PLAIN_TEMPLATE.replace("{%- for", "{% if messages[0].role == 'system' %}"
                                    "{{ raise_exception('no') }}{% endif %}{%- for", 1)  # fmt: skip
    other = composer_of(write_tiny_model(tmp_path / "folded.gguf", template=folded))
    assert whole(other, kept(ask("Mrs Example"))).text
    assert [path.stat().st_size for path in (tmp_path / "home").rglob("*.state")] == size
    composer.close()
    other.close()


@pytest.mark.parametrize("last", [b"", b'{"op": "cou', b"\xff\n", b"{}\n"])
def test_a_worker_whose_caller_is_gone_ends_whatever_came_last(last: bytes) -> None:
    command = [sys.executable, "-m", "medrag.generators.worker"]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    worker.communicate(last, timeout=20)
    assert worker.returncode is not None


def test_a_template_without_end_is_given_up(tmp_path: Path) -> None:
    loop = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    composer = composer_of(write_tiny_model(tmp_path / "endless.gguf", template=loop))
    started = time.monotonic()
    with pytest.raises(ModelError, match="chat template"):
        whole(composer, ask())
    assert time.monotonic() - started < 15
    composer.close()
    long = "{% for i in range(99999) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}"
    composer = composer_of(write_tiny_model(tmp_path / "long.gguf", template=long))
    with pytest.raises(ModelError, match="chat template"):
        whole(composer, ask())
    composer.close()


def test_a_number_of_threads_that_no_machine_has_is_not_remembered() -> None:
    machine.remember("odd", extra_buffers=True, threads=100_000)
    assert "threads" not in machine.recall("odd")
