"""The documents say what is there: commands, options, files, links and numbers are checked, not words."""

import ast
import configparser
import contextlib
import importlib
import io
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from string import Template

import pytest

import infer
from tests.helpers.layout import RULES, module_of, ours, tree_of
from tools.read.formats import FORMATS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "infer" / "README.md"])
LONGEST_README = 150  # lines
SCRIPT = re.compile(r"(?:tools|net|export|infer)/[\w/]+\.py")
FILE = re.compile(r"(?<![\w./<-])(?:tools|net|export|infer|records|tests|docs|deploy|images)/[\w./-]*\w")
OPTION = r"(?<![\w-])--[a-z][\w-]*"
MADE = re.compile(r"infer/local|net/recipes/NAME")  # by commands, or a placeholder
OTHERS = {  # options of programs that are not ours
    *("--require-hashes", "--build-arg", "--data-binary", "--check", "--cov", "--cov-report", "--dist", "--ignore"),
    *("--direct_num_workers", "--direct_running_mode", "--flink_master", "--environment_type", "--environment_config"),
    *("--hdfs_host", "--no-deps", "--override"),
}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def fences(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def prose(text: str) -> str:
    """The text without fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def command_lines(text: str) -> Iterator[list[str]]:
    """The words of every command: lines of shell blocks, and code in a sentence that starts with python or make."""
    values: dict[str, str] = {}
    spans = re.findall(
        rf"`((?:(?:python )?{SCRIPT.pattern}|make|landmark68) [^`]+)`", prose(text)
    )  # a script alone is a name
    lines = "\n".join(fences(text, "sh")).replace("\\\n", " ").splitlines()
    for line in [*lines, *(" ".join(span.split()) for span in spans)]:
        values |= re.findall(r"^(\w+)=(\S+)$", line) + re.findall(r"^for (\w+) in (\w+)", line)
        if words := shlex.split(Template(line).safe_substitute(values), comments=True):
            yield words


def script_calls(text: str) -> Iterator[tuple[str, list[str]]]:
    """(path of the script, its arguments) of every command that calls one of ours."""
    for words in command_lines(text):
        if words[0] == "landmark68":
            yield ("infer/serve.py", words[2:]) if words[1] == "serve" else ("infer/run.py", words[1:])
        place = next((index for index, word in enumerate(words) if SCRIPT.fullmatch(word)), None)
        if place is not None:
            yield words[place], words[place + 1 :]


def slugs(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", prose(text_of(page)), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    without_code = re.sub(r"`[^`\n]*`", "", prose(text_of(page)))
    return re.findall(r"\]\(([^)\s]+)\)", without_code)


def tables(text: str) -> Iterator[list[list[str]]]:
    """The rows of every table, each as its cells."""
    for inside, lines in itertools.groupby(prose(text).splitlines(), lambda line: line.startswith("|")):
        if inside:
            yield [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]] for line in lines]


@every_page
def test_links_lead_somewhere(page):
    for link in links(page):
        name, _, anchor = link.partition("#")
        if not name.startswith(("http:", "https:")):
            target = (page.parent / name).resolve() if name else page
            assert target.exists(), link
            assert not anchor or anchor in slugs(target), link


@every_page
def test_files_that_are_named_exist(page):
    if page.name == "CHANGELOG.md":
        return  # it names what has gone
    for name in FILE.findall(text_of(page)):
        assert (ROOT / name).exists() or MADE.match(name), name


@every_page
def test_commands_are_understood(page, capsys, monkeypatch):
    """Every command's script takes its arguments: known options, values of the right type, all that is required."""
    monkeypatch.chdir(ROOT)
    for script, arguments in script_calls(text_of(page)):
        module = importlib.import_module(script.removesuffix(".py").replace("/", "."))
        # a run that a command before it would have made is not there
        arguments = ["infer/landmark.json" if word == "runs/pre" else word for word in arguments]
        try:
            module.parse_args(arguments)
        except SystemExit as end:
            if end.code:
                pytest.fail(f"{script} {' '.join(arguments)}: {capsys.readouterr().err}")


def options_of(script: Path) -> set[str]:
    """The options of a script, from its help."""
    module = importlib.import_module(script.relative_to(ROOT).as_posix().removesuffix(".py").replace("/", "."))
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        module.parse_args(["--help"])
    return set(re.findall(OPTION, out.getvalue()))


@pytest.fixture(scope="module")
def known_options():
    """The options of all scripts together."""
    folders = ("tools", "net", "export", "infer")
    scripts = [
        path for folder in folders for path in (ROOT / folder).rglob("*.py") if "def parse_args(" in text_of(path)
    ]
    return set().union(*map(options_of, scripts))


@every_page
def test_options_that_are_named_exist(page, known_options):
    """Where an option stands without its command, too."""
    if page.name == "CHANGELOG.md":
        return  # it names what has gone
    gone = {"--cell", "--border"} if page.name == "experiments.md" else set()
    assert set(re.findall(OPTION, text_of(page))) - known_options - OTHERS - gone == set()


def test_every_package_that_we_name_has_its_reason():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = [*setup["options.extras_require"].values(), setup["options"]["install_requires"]]
    lines = "".join(text_of(ROOT / f"requirements{name}.in") for name in ("", "-scale")).splitlines()
    (table,) = (rows for rows in tables(text_of(ROOT / "docs/packages.md")) if rows[0][0] == "package")
    named = {re.match(r"[\w.-]+", line)[0] for line in lines if not line.startswith(("#", "-r"))}
    assert named == {row[0] for row in table[2:]} and all(row[1] for row in table)
    assert named == {re.match(r"[\w.-]+", line)[0] for extra in extras for line in extra.split()}


@every_page
def test_make_has_the_targets(page):
    makefile = text_of(ROOT / "Makefile")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.M))
    for words in command_lines(text_of(page)):
        if words[0] == "make":
            settings = [word.partition("=")[0] for word in words[1:] if "=" in word]
            assert {word for word in words[1:] if "=" not in word} <= targets, words
            assert all(f"$({name})" in makefile for name in settings), words


@every_page
def test_python_in_documents_imports_what_is_there(page):
    for block in fences(text_of(page), "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module in ("infer", "landmark68"):
                assert {alias.name for alias in node.names} <= set(infer.__all__)


@every_page
def test_tables_are_even(page):
    for rows in tables(text_of(page)):
        assert {len(row) for row in rows} == {len(rows[0])}, rows[0]
        assert all(re.fullmatch(r":?-+:?", cell) for cell in rows[1]), rows[0]


def test_the_readme_is_a_page_that_leads_to_all_others():
    assert len(text_of(ROOT / "README.md").splitlines()) <= LONGEST_README
    found = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md")}
    assert found >= {*ROOT.glob("docs/*.md"), *ROOT.glob("*.md")} - {ROOT / "README.md"}


def test_what_there_is_of_a_kind_is_told():
    assert {name for name in FORMATS if f"`{name}`" not in text_of(ROOT / "docs/formats.md")} == set()
    recipes = {path.stem for path in (ROOT / "net/recipes").rglob("*.json")}
    assert {name for name in recipes if f"`{name}`" not in text_of(ROOT / "docs/training.md")} == set()
    tables_there = {path.name for path in (ROOT / "docs/benchmarks").glob("*.md")} - {"README.md"}
    assert set(links(ROOT / "docs/benchmarks/README.md")) >= tables_there


def test_the_rules_of_imports_are_those_that_are_checked():
    text = text_of(ROOT / "docs/architecture.md").partition("## Who imports whom")[2]
    told = {row[0].strip("`"): set(re.findall(r"`(.*?)`", row[1])) for row in next(tables(text))[2:]}
    assert told == {part: others - {part} for part, others in RULES.items()}


def walks() -> Iterator[tuple[Path, Path | None, list[str]]]:
    """(file, that of the line above it by its indent, names) of each line of the walks in docs/architecture.md."""
    text = text_of(ROOT / "docs/architecture.md").partition("## Three walks")[2].partition("\n## ")[0]
    above: list[Path] = []
    for indent, file, names in re.findall(r"^( *)- `([\w/]+\.py)`: ((?:`[\w.]+`(?:, )?)+)", text, re.M):
        above = [*above[: len(indent) // 2], ROOT / file]
        yield above[-1], above[-2] if len(above) > 1 else None, re.findall(r"`([\w.]+)`", names)


def defined_in(path: Path) -> set[str]:
    """Names of the functions, classes and methods of a module: `read`, `Crop`, `Crop.around`."""
    found = set()
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inside = [one.name for one in node.body if isinstance(one, ast.FunctionDef)]
            found |= {node.name, *(f"{node.name}.{name}" for name in inside)}
    return found


def test_functions_that_are_said_to_be_in_a_file_are():
    for name, file in re.findall(r"`(\w+)` in\s`([\w/]+\.py)`", text_of(ROOT / "docs/architecture.md")):
        assert name in defined_in(ROOT / file), f"{name} in {file}"


def test_walks_lead_down_and_name_what_is_there():
    assert len([1 for _, above, _ in walks() if above is None]) == 3
    seen: set[Path] = set()
    for file, above, names in walks():
        assert set(names) <= defined_in(file), file
        assert above is None or module_of(file) in ours(above), f"{above} does not import {file}"
        seen = seen if above else set()
        assert file not in seen, f"{file} comes twice"
        seen.add(file)


def test_the_packages_page_stands_alone():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    page = ROOT / settings["metadata"]["long_description"].removeprefix("file:").strip()
    assert all(link.startswith("https://") for link in links(page))
    assert "landmark68" in text_of(page) and settings["metadata"]["version"] in text_of(ROOT / "CHANGELOG.md")


def test_results_are_those_of_the_tables():
    """Numbers of BENCHMARKS.md that depend on no machine stand in the table that their row links to."""
    sections = re.split(r"^## ", text_of(ROOT / "BENCHMARKS.md"), flags=re.M)
    checked = [part for part in sections if part.startswith(("Accuracy", "Size", "Kaggle"))]
    rows = [row for part in checked for table in tables(part) for row in table[2:]]
    assert len(rows) > 10
    for row in rows:
        target = re.search(r"\]\(([^)#]+)", row[-1])[1]
        numbers = re.findall(r"[\d.]*\d", " ".join(row[1:-1]))
        there = set(re.findall(r"[\d.]*\d", text_of(ROOT / target)))
        assert set(numbers) <= there, row
