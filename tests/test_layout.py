"""The project's shape, read from its source: import rules, scripts, lengths. Nothing is imported here.

The rules are those of docs/architecture.md, "Who imports whom".
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("records", "infer", "net", "export", "tools")
# part -> what it may import besides itself; the longest fitting prefix counts, on both sides
RULES = {
    "records": {"infer.geometry", "infer.files.atomic"},
    "infer.geometry": set(),
    "infer.faces": {"infer.geometry"},
    "infer.files": {"infer.geometry", "infer.faces"},
    "infer.draw": {"infer.geometry", "infer.faces", "infer.files"},
    "infer.model": {"infer.geometry", "infer.faces", "infer.files"},
    "infer.detect": {"infer.geometry", "infer.faces", "infer.files", "infer.model"},
    "infer.video": {"infer.geometry", "infer.faces", "infer.files", "infer.model", "infer.detect"},
    "infer.landmarker": {"infer.geometry", "infer.faces", "infer.files", "infer.model", "infer.detect", "infer.video"},
    "infer.jobs": {"infer"},
    "infer.kaggle": {"infer"},
    "infer.web": {"infer"},
    "infer": {"infer"},
    "net": {"records", "infer.geometry", "infer.files.atomic", "infer.files.console", "net"},
    "net.options": set(),
    "net.model": {"records", "net.options"},
    "net.data": {"records", "infer.geometry", "net.options", "net.model"},
    "net.run": {"records", "infer.geometry", "infer.files.atomic", "net.options", "net.model", "net.data"},
    "net.cluster": {"records", "net.options", "net.model", "net.data", "net.run"},
    "net.training": {
        "records",
        "infer.geometry",
        "infer.files.atomic",
        "infer.model.contract",  # of a model that training starts from: one home for its keys
        "net.options",
        "net.model",
        "net.data",
        "net.run",
        "net.cluster",
    },
    "export": {"net", "records", "infer"},
    "tools": {"tools", "records", "infer", "net", "export"},
    "tools.read": {"records", "infer"},
    "tools.make": {"records", "infer", "tools.read"},
    "tools.rewrite": {"records", "infer", "tools.read", "tools.make"},
    "tools.draw": {"records", "infer"},
    "tools.evaluation": {"records", "infer", "tools.read", "tools.make", "net.data.selection", "net.run"},
    "tools.measure": {
        "records",
        "infer",
        "net",
        "export",
        "tools.read",
        "tools.make",
        "tools.evaluation",
        "tools.shell",
    },
    "tools.fit": {"records", "infer", "tools.read", "tools.evaluation"},
    "tools.kaggle": {"records", "infer", "tools.read", "tools.shell"},
}
# below `jobs` and `web`, nothing of infer reaches up to them
ABOVE = {"infer.jobs", "infer.kaggle", "infer.web"}
FRAMEWORK = {"flask", "flask_bootstrap", "markdown", "markupsafe", "prometheus_client", "waitress", "werkzeug"}
LEADS_TO_SCRIPTS = {"infer/command.py"}  # the installed command has nothing else to do
LONGEST_FUNCTION = 60
LONGEST_MODULE = 300
# longer ones, with the reason written in them
LONG_MODULES: set[str] = set()

FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("**/*.py") if "local" not in path.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_file = pytest.mark.parametrize("path", FILES, ids=name_of)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """(level, absolute dotted name) of every import, at the top or inside functions; names are followed to modules."""
    package = module_of(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            named = [f"{base}.{alias.name}" for alias in node.names]
            yield from ((node.level, name if name in MODULES else base) for name in named)


def ours(path: Path) -> set[str]:
    return {name for _, name in imports_of(path) if name.split(".")[0] in FOLDERS} - {module_of(path)}


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def rule_of(module: str) -> tuple[str, set[str]]:
    part = max((part for part in RULES if within(module, part)), key=len)
    return part, RULES[part]


def is_script(path: Path) -> bool:
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" for node in tree_of(path).body
    )


SCRIPTS = [path for path in FILES if is_script(path)]


def test_the_scripts_are_there():
    names = {name_of(path) for path in SCRIPTS}
    assert names >= {"tools/make_records.py", "tools/make_faces.py", "net/train.py", "export/freeze.py", "infer/run.py"}
    assert "infer/serve.py" in names
    assert not names & {"records/shards.py", "net/model/senet.py", "export/checkpoint.py", "tools/make/cut.py"}


@every_file
def test_imports_point_one_way(path):
    part, allowed = rule_of(module_of(path))
    for name in ours(path):
        assert within(name, part) or any(within(name, other) for other in allowed), name
        below = not any(within(module_of(path), above) for above in ABOVE) and not is_script(path)
        if below and path.name != "__init__.py" and module_of(path) != "infer.command" and within(name, "infer"):
            assert path.parts[-2] != "infer" or not any(within(name, above) for above in ABOVE), name


def test_a_wrong_import_would_be_seen():
    part, allowed = rule_of("infer.geometry.crop")
    assert part == "infer.geometry" and not any(within("infer.files.pictures", other) for other in allowed)
    assert rule_of("tools.read.coco")[0] == "tools.read" and rule_of("tools.bench")[0] == "tools"
    assert rule_of("net.data.batches")[1] & {"net.training", "net.run"} == set()


@every_file
def test_imports_are_relative_in_infer_and_absolute_elsewhere(path):
    inside = path.relative_to(ROOT).parts[0] == "infer"
    for level, name in imports_of(path):
        assert bool(level) == inside or name.split(".")[0] not in FOLDERS, name


@pytest.mark.parametrize("path", [path for path in FILES if name_of(path).startswith("infer/")], ids=name_of)
def test_infer_stands_alone(path):
    allowed = {"cv2", "numpy", "infer"} | set(sys.stdlib_module_names)
    web = name_of(path).startswith("infer/web/")
    assert {name.split(".")[0] for _, name in imports_of(path)} - allowed <= (FRAMEWORK if web else set())
    assert web or path.name == "serve.py" or not any(within(name, "infer.web") for name in ours(path))


@every_file
def test_nobody_imports_a_script(path):
    scripts = {module_of(script) for script in SCRIPTS}
    assert not ours(path) & scripts or name_of(path) in LEADS_TO_SCRIPTS


@every_file
def test_nobody_takes_what_another_module_keeps_to_itself(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            taken = [alias.name for alias in node.names if alias.name.startswith("_")]
            assert not taken, f"{node.module}: {taken}"


def test_scripts_outside_infer_put_the_root_first_by_one_identical_line():
    lines = {}
    for path in SCRIPTS:
        if path.relative_to(ROOT).parts[0] != "infer" and path.parent.name != "examples":  # those need nothing of ours
            found = [line for line in path.read_text(encoding="utf-8").splitlines() if "sys.path" in line]
            assert len(found) == 1, name_of(path)
            lines.setdefault(found[0], []).append(name_of(path))
    assert len(lines) == 1, lines
    (line,) = lines
    assert line.startswith("sys.path.insert(0, ") and "  # the repository's root first" in line


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_script_has_parse_args_and_main_and_runs_nothing_on_import(path):
    names = {node.name: node for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}
    assert [arg.arg for arg in names["main"].args.args][:1] == ["argv"] and len(names["main"].args.defaults) == 1
    guard = tree_of(path).body[-1]
    assert isinstance(guard, ast.If) and ast.unparse(guard.body) == "sys.exit(main())"


def test_every_code_folder_is_a_package_with_no_name_of_the_standard_library():
    folders = {path.parent for path in FILES}
    assert [name_of(folder) for folder in folders if not (folder / "__init__.py").is_file()] in (
        [],
        ["export/examples"],
    )
    assert {folder.name for folder in folders} & set(sys.stdlib_module_names) == set()


@every_file
def test_no_function_is_too_long(path):
    lengths = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


@every_file
def test_no_module_is_too_long(path):
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= LONGEST_MODULE or name_of(path) in LONG_MODULES


@every_file
def test_namespaces_end_at_the_parser(path):
    """Only main, and functions that check what was parsed or make a dataclass of it, take an argparse.Namespace."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef) and takes_a_namespace(node):
            makes_something = node.returns is not None and ast.unparse(node.returns).strip('"')[:1].isupper()
            checks = [arg.arg for arg in node.args.args][0] == "parser"
            assert checks or (makes_something and path.stem in PARSING) or (is_script(path) and makes_something), (
                node.name
            )


PARSING = {"parser", "options"}  # modules that turn a command line into dataclasses


def takes_a_namespace(node: ast.FunctionDef) -> bool:
    notes = [(arg.arg, ast.unparse(arg.annotation) if arg.annotation else None) for arg in node.args.args]
    return any("Namespace" in (note or "") or (name == "args" and note is None) for name, note in notes)


@every_file
def test_house_style(path):
    for node in ast.walk(tree_of(path)):
        assert not (isinstance(node, ast.keyword) and node.arg == "type" and ast.unparse(node.value) == "bool")
        assert not (isinstance(node, ast.Name) and node.id in ("exec", "eval"))
    assert path.name != "utils.py"
