"""The page in Debian's chromium: pictures in, points on the canvas where the JSON says, files out, errors, camera."""

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from infer.web.limits import Limits
from tests.helpers.tiny_model import CALIBRATED, write_model
from tests.helpers.web_service import PHOTO, ROOT, running

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright (the extra dev)")

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
LIMITS = Limits(upload=2_000_000, rate=0)
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
)
SECONDS = 20_000  # milliseconds that anything may take
# drops a file as a hand would: the browser makes the event's data itself
DROP = """([name, bytes]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
    for (const kind of ["dragover", "drop"]) {
        const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer });
        document.getElementById("stage").dispatchEvent(event);
    }
}"""
PASTE = """([name, bytes]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
    dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
}"""
# the canvas' colours, [x, y] -> [r, g, b]
COLOURS = """(canvas, places) => places.map(([x, y]) =>
    [...canvas.getContext("2d").getImageData(Math.floor(x), Math.floor(y), 1, 1).data.slice(0, 3)])"""


@pytest.fixture(scope="module")
def url():
    with running(2, LIMITS) as address:
        yield address


@pytest.fixture(scope="module")
def silent_url(tmp_path_factory):
    """The page of a model that does not tell errors."""
    with running(1, LIMITS, write_model(tmp_path_factory.mktemp("silent"))) as address:
        yield address


@pytest.fixture(scope="module")
def telling_url(tmp_path_factory):
    """The page of a model that tells how far off each of its points may be."""
    with running(1, LIMITS, write_model(tmp_path_factory.mktemp("telling"), spread=CALIBRATED)) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield started
        started.close()


@pytest.fixture
def open_page(browser, url):
    """Opens the page in a context of its own; whatever the browser complains about fails the test."""
    contexts, complaints = [], []

    def opened(path: str = "/", expected: str = "", **settings):
        context = browser.new_context(**({"viewport": {"width": 1200, "height": 800}} | settings))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(url + path)
        if path == "/":
            page.locator(".swatch[style]").first.wait_for()  # then the model is there, and all handlers
        page.complaints = complaints
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def choose(page, *files) -> None:
    """Chooses files and waits until each is in the gallery."""
    there = page.locator("#gallery li").count()
    page.set_input_files("#file", files)
    page.locator("#gallery li").nth(there + len(files) - 1).wait_for()


def saved(page, kind: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.click(f"[data-save={kind}]")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def entry_of(page, folder: Path) -> dict:
    """What the service said of the picture that is shown."""
    (entry,) = json.loads(saved(page, "json", folder).read_text())["images"]
    return entry


def placed(page, points) -> list:
    """Where points of the picture lie on the canvas."""
    scale, x, y = (float(page.get_attribute("#canvas", f"data-{name}")) for name in ("scale", "x", "y"))
    return ((np.array(points) + 0.5) * scale + (x, y)).tolist()


def colours_at(page, points) -> np.ndarray:
    return np.array(page.eval_on_selector("#canvas", COLOURS, placed(page, points)))


def colour(page, group: str) -> list[int]:
    """The colour of a group, as its swatch shows it."""
    style = page.eval_on_selector(f"[data-swatch={group}]", "swatch => getComputedStyle(swatch).backgroundColor")
    return [int(value) for value in style.strip("rgb()").split(",")]


def near(found: np.ndarray, wanted: list[int]) -> float:
    """The part of colours [N, 3] that are the wanted one, as nearly as antialiasing lets them."""
    return float(np.mean(np.abs(found - wanted).max(axis=-1) < 60))


def test_a_chosen_picture_gets_its_points_where_the_json_says(open_page, tmp_path):
    page = open_page()
    assert page.is_visible("#empty") and page.is_disabled("[data-save=json]")
    choose(page, PHOTO)
    assert not page.is_visible("#empty")
    entry = entry_of(page, tmp_path)
    (face,) = entry["faces"]
    height, width = cv2.imread(str(PHOTO)).shape[:2]
    assert (entry["file"], entry["width"], entry["height"]) == (PHOTO.name, width, height)
    assert page.inner_text("#status").startswith(f"{PHOTO.name}: 1 face, {width} × {height} pixels, ")
    assert page.get_attribute("#canvas", "aria-label") == f"{PHOTO.name}: 1 face"
    listed = page.inner_text("#faces")
    assert f"{face['pose']['yaw']:.1f}°" in listed and f"{face['open']['mouth']:.2f}" in listed
    jaw, brows = face["points"][:17], face["points"][17:27]
    assert near(colours_at(page, jaw), colour(page, "jaw")) > 0.9
    assert near(colours_at(page, brows), colour(page, "brows")) > 0.9


def test_switches_take_groups_points_and_lines_away_and_put_numbers_and_boxes_there(open_page, tmp_path):
    page = open_page()
    choose(page, PHOTO)
    (face,) = entry_of(page, tmp_path)["faces"]
    jaw, brows, box = face["points"][:17], face["points"][17:27], face["box"]
    page.uncheck("[data-group=jaw]")
    assert near(colours_at(page, jaw[3:14]), colour(page, "jaw")) < 0.2
    assert near(colours_at(page, brows), colour(page, "brows")) > 0.9
    page.uncheck("[data-show=lines]")
    page.uncheck("[data-show=points]")
    bare = page.eval_on_selector("#canvas", "canvas => canvas.toDataURL()")
    assert near(colours_at(page, brows), colour(page, "brows")) < 0.5
    page.check("[data-show=boxes]")
    edge = [[box[0], box[1] + part * (box[3] - box[1])] for part in (0.3, 0.5, 0.7)]
    assert near(colours_at(page, edge), [225, 225, 225]) == 1
    page.uncheck("[data-show=boxes]")
    assert page.eval_on_selector("#canvas", "canvas => canvas.toDataURL()") == bare
    page.focus("[data-show=numbers]")
    page.keyboard.press("Space")  # as without a mouse
    assert page.eval_on_selector("#canvas", "canvas => canvas.toDataURL()") != bare


def test_errors_are_circles_as_wide_as_the_json_says(open_page, silent_url, telling_url, tmp_path):
    page = open_page()
    for address, switches in ((silent_url, 0), (telling_url, 1)):
        page.goto(address)
        page.locator(".swatch[style]").first.wait_for()
        assert page.locator("[data-show=errors]").count() == switches
    choose(page, PHOTO)
    (face,) = entry_of(page, tmp_path)["faces"]
    assert f"sure {face['sure']:.2f}" in page.inner_text("#faces")
    sides = [np.array(face["points"]) + np.outer(face["errors"], way) for way in ((0, -1), (0, 1), (-1, 0), (1, 0))]
    above = sides[0]
    insides = [(side + face["points"]) / 2 for side in sides]
    page.uncheck("[data-show=lines]")
    before = [[colours_at(page, at) for at in places] for places in (sides, insides)]
    page.check("[data-show=errors]")
    # the clearest of four sides: a ring of a pixel lies between two at some of them
    ring, disc = (
        np.max([np.abs(colours_at(page, at) - old).max(axis=1) for at, old in zip(places, olds, strict=True)], axis=0)
        for places, olds in zip((sides, insides), before, strict=True)
    )
    assert (ring > 25).all() and (disc > 5).all() and (disc < ring).all()
    drawn = cv2.imread(str(saved(page, "png", tmp_path))).astype(int)
    x, y = above.round().astype(int).T
    assert (np.abs(drawn - cv2.imread(str(PHOTO)))[y, x].max(axis=1) > 20).all()
    _, row = csv.reader(saved(page, "csv", tmp_path).open())
    assert [float(cell) for cell in row[11:]] == face["errors"]


@pytest.mark.parametrize("how", [DROP, PASTE], ids=["drop", "paste"])
def test_a_dropped_or_pasted_picture_is_taken(open_page, how):
    page = open_page()
    page.evaluate(how, ["dropped.jpg", list(PHOTO.read_bytes())])
    page.locator("#gallery li").wait_for()
    assert page.inner_text("#status").startswith("dropped.jpg: 1 face")


def test_downloads_are_what_is_shown(open_page, tmp_path):
    page = open_page()
    choose(page, PHOTO)
    (face,) = entry_of(page, tmp_path)["faces"]
    points = np.array(face["points"])
    header, row = csv.reader(saved(page, "csv", tmp_path).read_text().splitlines())
    assert header[:2] == ["file", "x0"] and np.array_equal(np.array(row[1:137], float).reshape(-1, 2), points)
    assert header[137:139] == ["error0", "error1"] and [float(cell) for cell in row[137:]] == face["errors"]
    pts = saved(page, "pts", tmp_path)
    lines = pts.read_text().splitlines()
    assert pts.name == f"{PHOTO.stem}.pts" and lines[1] == "n_points: 68"
    assert np.abs(np.array([line.split() for line in lines[3:-1]], float) - 1 - points).max() < 0.006
    page.uncheck("[data-group=mouth]")
    drawn, plain = cv2.imread(str(saved(page, "png", tmp_path))), cv2.imread(str(PHOTO))
    assert drawn.shape == plain.shape
    x, y = points.round().astype(int).T
    changed = np.abs(drawn[y, x].astype(int) - plain[y, x]).max(axis=1) > 40
    assert changed[:17].mean() > 0.8 and changed[48:].mean() < 0.2  # chromium's JPEG decoder is not OpenCV's


def test_zoom_by_wheel_keys_and_buttons_keeps_the_points_on_the_face(open_page, tmp_path):
    page = open_page()
    choose(page, PHOTO)
    points = entry_of(page, tmp_path)["faces"][0]["points"]

    def scale() -> float:
        return float(page.get_attribute("#canvas", "data-scale"))

    fitted = scale()
    page.focus("#canvas")
    page.keyboard.press("+")
    assert scale() == pytest.approx(1.25 * fitted) and page.inner_text("#zoom") == "1.3×"
    page.click("#zoom-in")
    assert scale() == pytest.approx(1.25**2 * fitted)
    nose, before = points[30], placed(page, points)[30]
    ratio = page.eval_on_selector("#canvas", "canvas => canvas.width / canvas.getBoundingClientRect().width")
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + before[0] / ratio, box["y"] + before[1] / ratio)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(100)
    assert scale() > 1.7 * fitted and np.abs(np.subtract(placed(page, [nose])[0], before)).max() < 3
    assert near(colours_at(page, [nose]), colour(page, "nose")) == 1
    page.mouse.down()
    page.mouse.move(box["x"] + before[0] / ratio + 30, box["y"] + before[1] / ratio + 10)
    page.mouse.up()
    assert np.abs(np.subtract(placed(page, [nose])[0], before) - np.array([30, 10]) * ratio).max() < 3
    page.keyboard.press("0")
    page.focus("#canvas")
    page.keyboard.press("0")
    assert scale() == fitted and page.inner_text("#zoom") == "fit"
    page.keyboard.press("-")
    assert scale() == fitted


def test_errors_are_shown_and_the_next_picture_takes_them_away(open_page, tmp_path):
    page = open_page()
    broken, other, large = tmp_path / "cut.jpg", tmp_path / "text.jpg", tmp_path / "large.jpg"
    broken.write_bytes(PHOTO.read_bytes()[:-2000])
    other.write_text("no picture")
    large.write_bytes(bytes(LIMITS.upload + 1))
    page.set_input_files("#file", [broken, other, large])
    page.locator("#errors .alert").nth(2).wait_for()
    texts = page.locator("#errors .alert").all_inner_texts()
    assert "cut.jpg: found a truncated JPEG" in texts[0] and "text.jpg: found no picture that it knows" in texts[1]
    assert "large.jpg: found 2.0 MB, expected at most 2.0 MB" in texts[2]
    assert page.get_attribute("#errors", "role") == "alert" and page.is_visible("#empty")
    page.click("#errors .btn-close >> nth=0")
    assert page.locator("#errors .alert").count() == 2
    assert page.evaluate("document.activeElement.id") == "file"
    assert page.inner_text("#status") == "That did not work."
    choose(page, PHOTO)
    assert page.locator("#errors .alert").count() == 0
    shown = page.inner_text("#status")
    assert shown.startswith(f"{PHOTO.name}: 1 face, ")
    page.set_input_files("#file", [large])
    page.locator("#errors .alert").wait_for()
    assert page.inner_text("#status") == shown  # of the picture that is still there
    page.click(f"#gallery button[title='{PHOTO.name}']")
    page.locator("#errors .alert").wait_for(state="detached")
    # the browser itself notes each refused request
    assert len(page.complaints) == 2 and all("Failed to load resource" in line for line in page.complaints)
    page.complaints.clear()


def test_the_gallery_shows_a_picture_again_and_forgets(open_page, tmp_path):
    page = open_page()
    other = ROOT / "images" / "drawn_2.jpg"
    choose(page, PHOTO, other)
    assert entry_of(page, tmp_path)["file"] == other.name
    page.click(f"#gallery button[title='{PHOTO.name}']")
    page.locator(f"#gallery button[title='{PHOTO.name}'][aria-current=true]").wait_for()
    assert entry_of(page, tmp_path)["file"] == PHOTO.name
    page.click("#clear")
    assert page.locator("#gallery li").count() == 0 and not page.is_visible("#gallery-section")


def test_what_the_browser_cannot_read_is_shown_all_the_same(open_page, tmp_path):
    picture = cv2.imread(str(PHOTO))
    cv2.imwrite(str(tmp_path / "face.tif"), picture)
    page = open_page()
    choose(page, tmp_path / "face.tif")
    corner = [[10, 10], [picture.shape[1] - 10, 20]]
    wanted = np.array([picture[int(y), int(x), ::-1] for x, y in corner])
    assert np.abs(colours_at(page, corner) - wanted).max() < 40


def test_the_camera_never_has_two_frames_under_way(open_page):
    page = open_page(permissions=["camera"])
    under_way, most, asked = set(), [], []

    def begin(request):
        if "landmarks" in request.url:
            asked.append(request)
            under_way.add(request)
            most.append(len(under_way))

    page.on("request", begin)
    page.on("requestfinished", lambda request: under_way.discard(request))
    page.click("#camera")
    page.locator("#camera-note:text('frames/s')").wait_for()
    assert page.get_attribute("#camera", "aria-pressed") == "true" and page.is_visible("#snap")
    page.click("#snap")
    assert page.locator("#gallery li").count() == 1
    while len(asked) < 5:
        page.wait_for_timeout(50)
    assert max(most) == 1
    page.click("#camera")
    assert page.get_attribute("#camera", "aria-pressed") == "false" and not page.is_visible("#snap")
    page.wait_for_timeout(300)
    count = len(asked)
    page.wait_for_timeout(300)
    assert len(asked) == count


def camera_is_off(page) -> bool:
    pressed, note = page.get_attribute("#camera", "aria-pressed"), page.inner_text("#camera-note")
    return pressed == "false" and note == "" and page.is_hidden("#snap") and page.locator("#errors > *").count() == 0


def test_a_frame_that_comes_after_the_camera_was_stopped_is_dropped(open_page):
    page = open_page(permissions=["camera"])
    page.evaluate(
        """() => {
          const own = window.createImageBitmap;
          window.calls = 0;
          window.createImageBitmap = async (blob) => {
            window.calls += 1;
            await new Promise((done) => setTimeout(done, 300));
            return own(blob);
          };
        }"""
    )
    page.click("#camera")
    page.locator("#camera-note:text('frames/s')").wait_for()
    page.wait_for_function("before => window.calls > before", arg=page.evaluate("window.calls"))
    page.click("#camera")
    assert camera_is_off(page)
    page.wait_for_timeout(600)
    assert camera_is_off(page)


def test_a_camera_stopped_before_a_frame_is_taken_is_no_error(open_page):
    page = open_page(permissions=["camera"])
    page.click("#camera")
    page.locator("#camera-note:text('frames/s')").wait_for()
    page.evaluate(
        """() => new Promise((done) => {
          const own = window.requestAnimationFrame;
          window.requestAnimationFrame = (then) => {
            const button = document.getElementById("camera");
            if (button.ariaPressed === "true") {
              button.click();
              setTimeout(done, 500);
            }
            return own(then);
          };
        })"""
    )
    assert camera_is_off(page)


def test_a_camera_that_comes_after_it_was_stopped_is_put_out(open_page):
    page = open_page(permissions=["camera"])
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "landmarks" in request.url else None)
    page.evaluate(
        """() => {
          const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          const gate = new Promise((done) => { window.come = done; });
          window.tracks = [];
          navigator.mediaDevices.getUserMedia = async (wanted) => {
            await gate;
            const stream = await own(wanted);
            window.tracks.push(...stream.getTracks());
            return stream;
          };
        }"""
    )
    page.click("#camera")
    page.click("#camera")
    page.evaluate("window.come()")
    page.wait_for_function("() => window.tracks.length === 1 && window.tracks[0].readyState === 'ended'")
    assert camera_is_off(page) and asked == []
    page.click("#camera")  # the next one is not hindered
    page.locator("#camera-note:text('frames/s')").wait_for()
    assert page.evaluate("window.tracks.map((track) => track.readyState)") == ["ended", "live"]


def test_a_camera_that_is_unplugged_is_told(open_page):
    page = open_page(permissions=["camera"])
    page.evaluate(
        """() => {
          const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = async (wanted) => (window.stream = await own(wanted));
        }"""
    )
    page.click("#camera")
    page.locator("#camera-note:text('frames/s')").wait_for()
    page.evaluate("window.stream.getTracks()[0].dispatchEvent(new Event('ended'))")
    page.locator("#errors .alert:has-text('The camera has ended')").wait_for()
    assert page.get_attribute("#camera", "aria-pressed") == "false" and page.is_hidden("#snap")
    page.click("#camera")  # plugged in again
    page.locator("#camera-note:text('frames/s')").wait_for()
    assert page.locator("#errors .alert").count() == 0


def test_of_two_pictures_asked_for_the_later_one_is_shown(open_page):
    page = open_page(permissions=["camera"])
    other = ROOT / "images" / "drawn_2.jpg"
    choose(page, PHOTO, other)
    page.evaluate(
        """() => {
          const own = window.createImageBitmap;
          const waits = [500, 100]; // the first one comes last
          window.bitmaps = [];
          window.createImageBitmap = async (blob) => {
            const wait = waits.shift() ?? 0;
            await new Promise((done) => setTimeout(done, wait));
            const bitmap = await own(blob);
            window.bitmaps.push(bitmap);
            return bitmap;
          };
        }"""
    )
    page.click(f"#gallery button[title='{PHOTO.name}']")
    page.click(f"#gallery button[title='{other.name}']")
    page.wait_for_function("() => window.bitmaps.length === 2")
    page.wait_for_timeout(100)
    assert page.get_attribute("#canvas", "aria-label").startswith(other.name)
    assert page.get_attribute(f"#gallery button[title='{other.name}']", "aria-current") == "true"
    # the shown one is open, the dropped one closed
    assert page.evaluate("window.bitmaps.map((bitmap) => bitmap.width > 0)") == [True, False]


def test_a_picture_that_is_no_longer_on_the_disk_is_still_in_the_gallery(open_page, tmp_path):
    mine = tmp_path / "mine.jpg"
    mine.write_bytes(PHOTO.read_bytes())
    page = open_page()
    choose(page, mine)
    before = entry_of(page, tmp_path)
    mine.write_bytes(b"edited")
    choose(page, ROOT / "images" / "drawn_2.jpg")
    page.click("#gallery button[title='mine.jpg']")
    page.wait_for_function("() => document.getElementById('canvas').ariaLabel.startsWith('mine.jpg')")
    assert entry_of(page, tmp_path) == before
    assert saved(page, "csv", tmp_path).read_text().count("\n") > 1
    assert page.locator("#errors .alert").count() == 0


def test_what_cannot_be_read_is_told_as_that(open_page):
    page = open_page()
    page.evaluate(
        "() => { File.prototype.arrayBuffer = async () => { throw new DOMException('', 'NotReadableError'); }; }"
    )
    page.set_input_files("#file", PHOTO)
    page.locator(f"#errors .alert:has-text('{PHOTO.name}: found nothing that can be read')").wait_for()


def test_a_busy_service_is_asked_again(open_page, tmp_path):
    page = open_page()
    asked = []

    def busy_at_first(route):
        asked.append(route.request)
        if len(asked) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "busy"})
        else:
            answer = route.fetch()
            kept = {name: value for name, value in answer.headers.items() if name != "server-timing"}
            route.fulfill(response=answer, headers=kept)  # as a proxy may pass it on

    page.route("**/api/v1/landmarks", busy_at_first)
    choose(page, PHOTO)
    assert len(asked) == 2 and page.locator("#errors .alert").count() == 0
    assert len(entry_of(page, tmp_path)["faces"]) == 1
    assert "with sending" in page.inner_text("#status") and "null" not in page.inner_text("#status")
    assert [line for line in page.complaints if "503" in line] == page.complaints
    page.complaints.clear()
    page.unroute("**/api/v1/landmarks")
    page.route(
        "**/api/v1/landmarks", lambda route: route.fulfill(status=503, headers={"Retry-After": "60"}, body="<p>")
    )
    page.set_input_files("#file", PHOTO)
    page.locator("#errors .alert:has-text('(again in 60 s)')").wait_for()  # too long to wait
    page.complaints.clear()


def test_a_page_whose_service_is_gone_says_so(open_page):
    page = open_page()
    assert page.inner_text("#status") == "Ready."
    page.route(
        "**/api/v1/model", lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Bad</h1>")
    )
    page.reload()
    page.locator("#errors .alert:has-text('Bad Gateway')").wait_for()
    assert page.inner_text("#status") == "That did not work."
    page.complaints.clear()


def test_the_theme_can_be_switched_where_nothing_may_be_stored(open_page):
    page = open_page(color_scheme="light")
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    page.reload()
    for expected in ("dark", "light", "dark"):
        page.click("#theme")
        assert page.get_attribute("html", "data-bs-theme") == expected


def test_a_page_that_is_not_secure_says_so(open_page):
    page = open_page()
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.reload()
    page.locator("#camera-note:text('The camera needs a secure page')").wait_for()
    assert page.is_disabled("#camera")


def test_on_a_phone_nothing_reaches_beyond_the_screen(open_page, url):
    page = open_page(viewport={"width": 390, "height": 844}, device_scale_factor=2, has_touch=True, is_mobile=True)
    choose(page, PHOTO)
    for path in ("", "model", "rest"):
        if path:
            page.goto(url + "/" + path)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, path
    assert page.locator("nav a").count() == 3


def test_light_and_dark_follow_the_system_until_the_switch_says_otherwise(open_page):
    page = open_page(color_scheme="dark")

    def theme() -> tuple[str, str]:
        return page.get_attribute("html", "data-bs-theme"), page.get_attribute("#theme", "aria-pressed")

    assert theme() == ("dark", "true")
    page.emulate_media(color_scheme="light")
    page.locator("html[data-bs-theme=light]").wait_for()
    assert theme() == ("light", "false")
    page.click("#theme")
    assert theme() == ("dark", "true")
    page.reload()
    assert theme() == ("dark", "true")


def test_everything_is_reached_by_the_tab_key_and_has_a_name(open_page):
    page = open_page()
    choose(page, PHOTO)
    page.evaluate("() => document.activeElement.blur()")
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const e = document.activeElement; return [e.id || e.dataset.save || e.textContent.trim(),"
            " e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent.trim()] }"
        )
        if seen and found == seen[0]:
            break
        seen.append(found)
    names = [name for name, _ in seen]
    wanted = ["theme", "file", "camera", "canvas", "zoom-out", "zoom-in", "group-0", "show-boxes", "json", "png"]
    assert [name for name in names if name in wanted] == wanted
    assert all(label for _, label in seen)
