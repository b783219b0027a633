"""The project's modules, read from their source: names, imports, the rules of who imports whom. Nothing is imported."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# with a Python too old for training, inference alone is what has to be readable
FOLDERS = ("records", "infer", "net", "export", "tools") if sys.version_info >= (3, 11) else ("infer",)
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
    "net.model": {"records", "infer.model.contract", "net.options"},
    "net.data": {"records", "infer.geometry", "net.options", "net.model"},
    "net.run": {"records", "infer.files.atomic", "net.options", "net.model", "net.data"},
    "net.cluster": {"records", "net.options", "net.model", "net.data", "net.run"},
    "net.training": {
        "records",
        "infer.model.contract",  # of a model that training starts from: one home for its keys
        "infer.model.detector_contract",
        "infer.opencv",
        "net.options",
        "net.model",
        "net.run",
        "net.cluster",
    },
    "net.landmarks": {
        "records",
        "infer.files.atomic",
        "net.options",
        "net.model",
        "net.data",
        "net.run",
        "net.cluster",
        "net.training",
    },
    "net.detector": {
        "records",
        "infer.geometry",
        "infer.files.atomic",
        "net.options",
        "net.model",
        "net.data",
        "net.run",
        "net.cluster",
        "net.training",
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
    "tools.weights": {
        "records",
        "infer.files",
        "infer.model.detector_contract",
        "net.detector.kind",
        "export.document",
        "tools.shell",
    },
}

FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("**/*.py") if "local" not in path.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree_of(path)))


def functions_of(path: Path) -> list[ast.FunctionDef]:
    return [node for node in nodes_of(path) if isinstance(node, ast.FunctionDef)]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """(level, absolute dotted name) of every import, at the top or inside functions; names are followed to modules."""
    package = module_of(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            named = [f"{base}.{alias.name}" for alias in node.names]
            yield from ((node.level, name if name in MODULES else base) for name in named)


def ours(path: Path) -> set[str]:
    """The modules of the project that a module imports."""
    return {name for _, name in imports_of(path) if name.split(".")[0] in FOLDERS} - {module_of(path)}


def within(name: str, *parts: str) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def rule_of(module: str) -> tuple[str, set[str]]:
    """The part that a module belongs to, and what else may be imported there."""
    part = max((part for part in RULES if within(module, part)), key=len)
    return part, RULES[part]


def is_script(path: Path) -> bool:
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" for node in tree_of(path).body
    )


SCRIPTS = [path for path in FILES if is_script(path)]
# those that need nothing of ours: examples, and peers, which run in environments of their own
OWN_SCRIPTS = [path for path in SCRIPTS if path.parent.name not in {"examples", "peers"}]
