"""The project's shape, read from its source: import directions, scripts, lengths. Nothing is imported here."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# folder -> the folders of ours that it may import from, itself included
DIRECTIONS = {
    "infer": {"infer"},
    "records": {"records"},
    "net": {"net", "records"},
    "tools": {"tools", "records", "infer"},
    "export": {"export", "net", "records", "infer"},
}
FILES = sorted(path for folder in DIRECTIONS for path in (ROOT / folder).glob("**/*.py") if "local" not in path.parts)
LONGEST = 60
FRAMEWORK = {"flask", "flask_bootstrap", "markdown", "markupsafe", "prometheus_client", "waitress", "werkzeug"}
LEADS_TO_SCRIPTS = {"infer/command.py"}  # the installed command has nothing else to do


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_file = pytest.mark.parametrize("path", FILES, ids=name_of)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports_of(path: Path) -> set[tuple[int, str]]:
    """(level, dotted name) of everything that a file imports, at the top or inside functions; level 0 is absolute."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {(0, alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found.add((node.level, module))
            found |= {(node.level, f"{module}.{alias.name}".lstrip(".")) for alias in node.names}
    return found


def is_script(path: Path) -> bool:
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" for node in tree_of(path).body
    )


SCRIPTS = [path for path in FILES if is_script(path)]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_the_scripts_are_there():
    names = {name_of(path) for path in SCRIPTS}
    assert names >= {"tools/make_records.py", "tools/make_faces.py", "net/train.py", "export/freeze.py", "infer/run.py"}
    assert "infer/serve.py" in names
    assert not names & {"records/shards.py", "net/senet.py", "export/frozen.py", "tools/cutting.py"}


@every_file
def test_imports_point_one_way(path):
    folder = path.relative_to(ROOT).parts[0]
    ours = {name.split(".")[0] for level, name in imports_of(path) if level == 0} & set(DIRECTIONS)
    assert ours <= DIRECTIONS[folder]


@every_file
def test_imports_are_relative_in_infer_and_absolute_elsewhere(path):
    inside = path.relative_to(ROOT).parts[0] == "infer"
    for level, name in imports_of(path):
        assert level == 0 or inside, name
        assert not (inside and level == 0 and name.split(".")[0] in DIRECTIONS), name


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "infer"], ids=name_of)
def test_infer_stands_alone(path):
    assert foreign_to(path) == set()
    of_the_web_part = [name for level, name in imports_of(path) if level and name.split(".")[0] == "web"]
    assert not of_the_web_part or path.name == "serve.py"


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "web"], ids=name_of)
def test_the_web_part_needs_its_framework_and_nothing_else(path):
    assert foreign_to(path) <= FRAMEWORK


def foreign_to(path: Path) -> set[str]:
    """What a file imports besides OpenCV, NumPy, the standard library and its own package."""
    allowed = {"cv2", "numpy"} | set(sys.stdlib_module_names)
    return {name.split(".")[0] for level, name in imports_of(path) if level == 0} - allowed


@every_file
def test_nobody_imports_a_script(path):
    scripts = {module_of(script) for script in SCRIPTS}
    folder = path.relative_to(ROOT).parts[0]
    named = {name if level == 0 else f"{folder}.{name}" for level, name in imports_of(path)}
    assert not named & scripts or name_of(path) in LEADS_TO_SCRIPTS


def test_scripts_outside_infer_put_the_root_first_by_one_identical_line():
    lines = {}
    for path in SCRIPTS:
        if path.parent.name not in ("infer", "examples"):  # the examples need nothing of ours
            found = [line for line in path.read_text(encoding="utf-8").splitlines() if "sys.path" in line]
            assert len(found) == 1, name_of(path)
            lines.setdefault(found[0], []).append(name_of(path))
    assert len(lines) == 1, lines
    (line,) = lines
    assert line.startswith("sys.path.insert(0, ") and "  # the repository's root first" in line


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_script_has_parse_args_and_main_and_runs_nothing_on_import(path):
    names = {node.name: node for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}
    for name in ("parse_args", "main"):
        assert [arg.arg for arg in names[name].args.args][:1] == ["argv"], name
        assert len(names[name].args.defaults) == 1, name
    guard = tree_of(path).body[-1]
    assert isinstance(guard, ast.If) and ast.unparse(guard.body) == "sys.exit(main())"


@pytest.mark.parametrize("folder", DIRECTIONS)
def test_every_code_folder_is_a_package(folder):
    assert (ROOT / folder / "__init__.py").is_file()


@every_file
def test_no_function_is_too_long(path):
    lengths = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@every_file
def test_house_style(path):
    for node in ast.walk(tree_of(path)):
        assert not (isinstance(node, ast.keyword) and node.arg == "type" and ast.unparse(node.value) == "bool")
        assert not (isinstance(node, ast.Name) and node.id in ("exec", "eval"))
    assert path.name != "utils.py"
