"""infer/serve.py as a program: options, one-line errors, a real process that starts, answers and ends."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from infer import command, serve
from infer.landmarker import Landmarker
from tests.helpers.web_service import drawn

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("option, value", [("port", "70000"), ("port", "x"), ("rate", "nan"), ("upload", "x")])
def test_wrong_usage_is_refused(option, value, capsys):
    with pytest.raises(SystemExit) as caught:
        serve.parse_args([f"--{option}", value])
    assert caught.value.code == 2 and f"--{option}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options, words",
    [
        (("--workers", "0"), "serve: --workers: found 0, expected at least 1"),
        (("--upload", "0"), "serve: upload: found 0, expected at least 1"),
        (("--queue", "3"), "serve: queue: found 3, expected room for a batch of 16 pictures"),
        (("--model", "none.pb"), "serve: none.pb: no such model"),
        (("--detector", "yunet"), "serve: detector yunet: found no model, expected its .onnx file"),
        (("--port", "taken"), "expected a free one (--host, --port)"),
        (("--host", "no such host"), "serve: no such host:0: found that it cannot be had"),
    ],
)
def test_errors_are_one_line(options, words, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [port if one == "taken" else one for one in options]
        assert serve.main(["--port", "0", *given]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and said.out == ""


def test_without_the_framework_one_line_says_so(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith("infer.web.") and name != "infer.web.limits"]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(sys.modules["infer.web"], name.rpartition(".")[2], raising=False)
    monkeypatch.setitem(sys.modules, "flask", None)
    assert serve.main(["--port", "0"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("serve: found no flask, ") and said.count("\n") == 1


def test_only_loopback_is_silent_and_checks_the_hosts_name():
    def options(host: str, *more: str) -> serve.ServiceOptions:
        return serve.options_of(serve.parse_args(["--host", host, *more]))

    assert not any(options(host).is_open for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost"))
    assert all(options(host).is_open for host in ("0.0.0.0", "::", "192.168.0.4", "name.example"))
    assert options("127.1.2.3").hosts == ["localhost", "127.0.0.1", "[::1]", "127.1.2.3"]
    assert options("127.1.2.3", "--proxy", "127.0.0.1").hosts is None
    assert options("0.0.0.0").hosts is None


def test_the_command_leads_to_both(monkeypatch):
    from infer import run

    monkeypatch.setattr(serve, "main", lambda argv: ("serve", argv))
    monkeypatch.setattr(run, "main", lambda argv: ("run", argv))
    assert command.main(["serve", "--port", "1"]) == ("serve", ["--port", "1"])
    assert command.main(["./serve"]) == ("run", ["./serve"]) and command.main([]) == ("run", [])
    monkeypatch.setattr(sys, "argv", ["landmark68", "serve"])
    assert command.main() == ("serve", [])


@pytest.mark.skipif(os.name == "nt", reason="signals as on POSIX")
def test_a_copy_of_the_folder_serves_and_ends_on_sigterm(tmp_path):
    shutil.copytree(ROOT / "infer", tmp_path / "other name", ignore=shutil.ignore_patterns("local", "__pycache__"))
    script = tmp_path / "other name" / "serve.py"
    program = [sys.executable, script, "--port", "0", "--host", "0.0.0.0", "--workers", "1"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        try:
            assert process.stdout.readline().endswith("landmark.pb, 1 workers\n")
            url = process.stdout.readline().partition(" ")[0].replace("0.0.0.0", "127.0.0.1")
            data, box = drawn(2)
            query = json.dumps([box.tolist()]).replace(" ", "")
            with urllib.request.urlopen(f"{url}api/v1/landmarks?boxes={query}", data, timeout=30) as answer:
                points = json.load(answer)["images"][0]["faces"][0]["points"]
            with urllib.request.urlopen(url, timeout=30) as page:
                assert b"<title>landmark68" in page.read()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
        said = process.stderr.read()
    assert "--host 0.0.0.0: whoever reaches this machine may use the service" in said and said.count("\n") == 1
    from infer.files.pictures import decode_picture

    alone = Landmarker(ROOT / "infer" / "landmark.pb").fit(decode_picture(data, "x"), [box])[0]
    assert abs(alone - points).max() < 0.01
