"""A web page and a REST service that find faces and their landmark points; pictures stay in memory, nothing is kept."""

from __future__ import annotations

import argparse
import ipaddress
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if not __package__:
    # run as a file: the folder itself is the package, under whatever name it lies here
    here = Path(__file__).resolve().parent
    sys.path[0] = str(here.parent)
    __package__ = here.name
    __import__(__package__)

from . import opencv  # noqa: F401  # isort: skip  (first: it says in one line where OpenCV does not load)

import cv2

from .detect.kinds import CLOSEST, DETECTORS, OWN
from .files.console import speak_plainly
from .jobs.cores import cores
from .jobs.memory import keep_memory
from .landmarker import Landmarker, LandmarkerOptions
from .model.shipped import NAMED, model_path
from .version import VERSION
from .web.cors import checked_origin
from .web.limits import Limits

PORT = 8068
LOOPBACK = "127.0.0.1"
FRAMEWORK = ("flask", "flask_bootstrap", "markdown", "prometheus_client", "waitress")
MISSING = "serve: found no {}, expected the web framework; install it by: pip install landmark68[web]"

OPEN = "whoever reaches this machine may use the service, without a password, and what is sent can be read on the way"


@dataclass(frozen=True)
class ServiceOptions:
    """host, port: to listen on; landmarker: of each worker; workers: how many, None for one a core; limits; proxy:
    address of the reverse proxy that is believed, None for none; origins: of foreign pages that may ask."""

    host: str
    port: int
    landmarker: LandmarkerOptions
    workers: int | None
    limits: Limits
    proxy: str | None
    origins: tuple[str, ...] = ()

    @property
    def hosts(self) -> list[str] | None:
        """The names that requests may call this host by; None for any, where it is known by more than loopback's."""
        return None if self.proxy or self.is_open else ["localhost", LOOPBACK, "[::1]", self.host]

    @property
    def is_open(self) -> bool:
        """Whether other machines reach it."""
        if self.host == "localhost":
            return False
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return True


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    name = None if __name__ == "__main__" else "landmark68 serve"
    parser = argparse.ArgumentParser(name, description=__doc__, epilog="exit code: 0 ended, 2 usage, model or port")
    add = parser.add_argument
    add("--host", default=LOOPBACK, metavar="ADDRESS", help="address to listen on (default: %(default)s, this machine)")
    add("--port", type=_port, default=PORT, help="port to listen on, 0 for any that is free (default: %(default)s)")
    help_model = f"model with its .json beside it, or {' or '.join(NAMED)} (default: local/landmark.pb beside this"
    add("--model", metavar="FILE.pb", help=f"{help_model} program if there, else the landmark.pb that came with it)")
    add("--detector", choices=DETECTORS, help=f"what finds faces (default: {OWN})")
    add("--detector-model", type=Path, metavar="FILE", help="own's .pb with its .json beside it, or YuNet's .onnx")
    help_size = f"longest side of the detector's closest look; requests may ask for less (default: {CLOSEST})"
    add("--detect-size", type=int, metavar="PIXELS", help=help_size)
    add("--workers", type=int, metavar="N", help="threads with a network of their own (default: one for each core)")
    limits = parser.add_argument_group("limits").add_argument
    limits("--upload", type=_amount, default=10, metavar="MB", help="megabytes of a request (default: %(default)s)")
    limits("--pixels", type=_amount, default=50, metavar="MP", help="megapixels of a picture (default: %(default)s)")
    limits("--batch", type=int, default=16, metavar="N", help="pictures of a batch (default: %(default)s)")
    help_queue = "pictures that may wait; above it the answer is 503 (default: %(default)s)"
    limits("--queue", type=int, default=32, metavar="N", help=help_queue)
    help_rate = "pictures a second of one client, above it the answer is 429; 0 for no limit (default: %(default)s)"
    limits("--rate", type=_amount, default=50, metavar="N", help=help_rate)
    help_wait = "seconds that a request may wait for its answer, then it is 503 (default: %(default)s)"
    limits("--wait", type=_amount, default=30, metavar="S", help=help_wait)
    add("--version", action="version", version=f"landmark68 {VERSION} (OpenCV {cv2.__version__})")
    add("--proxy", metavar="ADDRESS", help="reverse proxy in front, whose X-Forwarded-For and -Proto are believed")
    help_cors = "origin of other pages that may ask the REST routes, such as https://example.org, or * for any; may be "
    add("--cors", action="append", default=[], metavar="ORIGIN", help=f"{help_cors}given several times (default: none)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    speak_plainly()
    args = parse_args(argv)
    try:
        return run(options_of(args))
    except ModuleNotFoundError as error:
        if error.name not in FRAMEWORK:
            raise
        print(MISSING.format(error.name), file=sys.stderr)
    except (FileNotFoundError, ValueError) as error:
        print(f"serve: {error}", file=sys.stderr)
    except OSError as error:
        print(f"serve: {error.filename}: {error.strerror}", file=sys.stderr)
    return 2


def options_of(args: argparse.Namespace) -> ServiceOptions:
    """The service that the arguments ask for. Raises ValueError for limits that cannot work."""
    bounds = Limits(
        upload=round(args.upload * 1e6),
        pixels=round(args.pixels * 1e6),
        pictures=args.batch,
        queue=args.queue,
        rate=args.rate,
        seconds=args.wait,
        detect_size=args.detect_size or CLOSEST,
    )
    chosen = LandmarkerOptions(args.model, args.detector, args.detector_model, detect_size=args.detect_size)
    origins = tuple(checked_origin(text) for text in args.cors)
    return ServiceOptions(args.host, args.port, chosen, args.workers, bounds, args.proxy, origins)


def run(options: ServiceOptions) -> int:
    """Serves until it is told to end; 0. Raises what keeps it from starting."""
    from .web import app, server, workers  # here, so that without the framework one line says what is missing

    limits, host = options.limits, options.host
    crew = workers.Workers(make_landmarkers(options.landmarker, options.workers), limits.queue)
    application = app.create_app(crew, limits, options.hosts, options.origins)
    try:
        listening = server.Server(application, host, options.port, limits, crew.room, options.proxy)
    except OSError as error:
        found = f"found that it cannot be had ({error.strerror}), expected a free one (--host, --port)"
        raise ValueError(f"{host}:{options.port}: {found}") from None
    if options.is_open:
        print(f"serve: --host {host}: {OPEN}", file=sys.stderr)
    place = f"[{host}]" if ":" in host else host
    print(f"model: {model_path(options.landmarker.model)}, {crew.count} workers", flush=True)
    print(f"http://{place}:{listening.port}/ - Ctrl-C ends it", flush=True)
    server.run_until_signal(listening)
    crew.close()
    return 0


def make_landmarkers(chosen: LandmarkerOptions, workers: int | None) -> list[Landmarker]:
    """One for each worker, detectors tried; OpenCV's own threads share the cores among them. workers: None for one
    a core."""
    count = cores() if workers is None else workers
    if count < 1:
        raise ValueError(f"--workers: found {count}, expected at least 1")
    keep_memory()
    cv2.setNumThreads(max(1, cores() // count))
    made = [chosen.landmarker() for _ in range(count)]
    made[0].open_detector()
    return made


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number < 1 << 16:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 0 to 65535")
    return number


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < 1e9:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number of at least 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
