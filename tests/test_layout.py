"""The project's shape, read from its source: import rules, scripts, lengths. Nothing is imported here.

The rules are those of docs/architecture.md, "Who imports whom".
"""

import ast
import sys

from tests.helpers.layout import (
    FILES,
    FOLDERS,
    OWN_SCRIPTS,
    ROOT,
    SCRIPTS,
    functions_of,
    imports_of,
    is_script,
    module_of,
    name_of,
    nodes_of,
    ours,
    rule_of,
    tree_of,
    within,
)

# below `jobs` and `web`, nothing of infer reaches up to them
ABOVE = ("infer.jobs", "infer.kaggle", "infer.web")
FRAMEWORK = {"flask", "flask_bootstrap", "markdown", "markupsafe", "prometheus_client", "waitress", "werkzeug"}
LEADS_TO_SCRIPTS = {"infer/command.py"}  # the installed command has nothing else to do
LONGEST_FUNCTION = 60
LONGEST_MODULE = 300
PARSING = {"parser", "options"}  # modules that turn a command line into dataclasses


def test_the_scripts_are_there():
    names = {name_of(path) for path in SCRIPTS}
    assert names >= {"tools/make_records.py", "net/train.py", "export/freeze.py", "infer/run.py", "infer/serve.py"}
    assert not names & {"records/shards.py", "net/model/senet.py", "export/checkpoint.py", "tools/make/cut.py"}


def test_imports_point_one_way():
    for path in FILES:
        module = module_of(path)
        part, allowed = rule_of(module)
        for name in ours(path):
            assert within(name, part, *allowed), f"{module} imports {name}"
            program = is_script(path) or path.name == "__init__.py" or module == "infer.command"
            reaches_up = module.startswith("infer.") and not within(module, *ABOVE) and within(name, *ABOVE)
            assert program or not reaches_up, f"{module} imports {name}"


def test_a_wrong_import_would_be_seen():
    part, allowed = rule_of("infer.geometry.crop")
    assert part == "infer.geometry" and not within("infer.files.pictures", *allowed)
    assert rule_of("tools.read.coco")[0] == "tools.read" and rule_of("tools.bench")[0] == "tools"
    assert rule_of("net.data.batches")[1] & {"net.training", "net.run"} == set()


def test_imports_are_relative_in_infer_and_absolute_elsewhere():
    for path in FILES:
        inside = path.relative_to(ROOT).parts[0] == "infer"
        for level, name in imports_of(path):
            assert bool(level) == inside or name.split(".")[0] not in FOLDERS, f"{path}: {name}"


def test_infer_stands_alone():
    allowed = {"cv2", "numpy", "infer"} | set(sys.stdlib_module_names)
    for path in FILES:
        if name_of(path).startswith("infer/"):
            web = name_of(path).startswith("infer/web/")
            others = {name.split(".")[0] for _, name in imports_of(path)} - allowed
            assert others <= (FRAMEWORK if web else set()), path
            assert web or path.name == "serve.py" or not any(within(name, "infer.web") for name in ours(path)), path


def test_nobody_imports_a_script_or_what_another_module_keeps_to_itself():
    scripts = {module_of(script) for script in SCRIPTS}
    for path in FILES:
        assert not ours(path) & scripts or name_of(path) in LEADS_TO_SCRIPTS, path
        imports = [node for node in nodes_of(path) if isinstance(node, ast.ImportFrom)]
        assert [alias.name for node in imports for alias in node.names if alias.name.startswith("_")] == [], path


def test_scripts_outside_infer_put_the_root_first_by_one_identical_line():
    lines = set()
    for path in OWN_SCRIPTS:
        if path.relative_to(ROOT).parts[0] != "infer":
            (line,) = (line for line in path.read_text(encoding="utf-8").splitlines() if "sys.path" in line)
            lines.add(line)
    (line,) = lines
    assert line.startswith("sys.path.insert(0, ") and "  # the repository's root first" in line


def test_a_script_has_main_and_runs_nothing_on_import():
    for path in SCRIPTS:
        (main,) = (node for node in tree_of(path).body if isinstance(node, ast.FunctionDef) and node.name == "main")
        assert [arg.arg for arg in main.args.args][:1] == ["argv"] and len(main.args.defaults) == 1, path
        guard = tree_of(path).body[-1]
        assert isinstance(guard, ast.If) and ast.unparse(guard.body) == "sys.exit(main())", path


def test_every_code_folder_is_a_package_with_no_name_of_the_standard_library():
    folders = {path.parent for path in FILES}
    plain = [name_of(folder) for folder in folders if not (folder / "__init__.py").is_file()]
    assert plain in ([], ["export/examples"])
    assert {folder.name for folder in folders} & set(sys.stdlib_module_names) == set()


def test_functions_and_modules_are_short():
    for path in FILES:
        lengths = {node.name: node.end_lineno - node.lineno + 1 for node in functions_of(path)}
        assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}, path
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE, path


def test_namespaces_end_at_the_parser():
    """Only main, and functions that check what was parsed or make a dataclass of it, take an argparse.Namespace."""
    for path in FILES:
        for node in functions_of(path):
            if takes_a_namespace(node):
                makes_something = node.returns is not None and ast.unparse(node.returns).strip('"')[:1].isupper()
                checks = node.args.args[0].arg == "parser"
                assert checks or (makes_something and (path.stem in PARSING or is_script(path))), f"{path}: {node.name}"


def takes_a_namespace(node: ast.FunctionDef) -> bool:
    notes = [(arg.arg, ast.unparse(arg.annotation) if arg.annotation else None) for arg in node.args.args]
    return any("Namespace" in (note or "") or (name == "args" and note is None) for name, note in notes)


def test_one_name_one_class():
    names = [node.name for path in FILES for node in tree_of(path).body if isinstance(node, ast.ClassDef)]
    assert {name for name in names if names.count(name) > 1} == set()


def test_house_style():
    for path in FILES:
        for node in nodes_of(path):
            assert not (isinstance(node, ast.keyword) and node.arg == "type" and ast.unparse(node.value) == "bool"), (
                path
            )
            assert not (isinstance(node, ast.Name) and node.id in ("exec", "eval")), path
        assert path.name != "utils.py"
