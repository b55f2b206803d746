"""The bundler of the page's modules, on modules written here and on the real ones."""

from __future__ import annotations

from importlib.resources import files

import pytest

from tinygrad_edu.stepping.bundling import bundle, compact_script, declarations, only_used

ASSETS = files("tinygrad_edu.stepping").joinpath("assets")


def bundled(**modules: str) -> str:
    return bundle(["main.js"], {f"{name}.js": text for name, text in modules.items()}.__getitem__)


def test_what_is_imported_comes_first_and_each_module_once() -> None:
    script = bundled(
        main='import { b } from "./b.js";\nimport { c } from "./c.js";\nb(c);\n',
        b='import { c } from "./c.js";\nexport const b = () => c;\n',
        c="export const c = 1;\n",
    )
    assert script == '"use strict";\nconst c=1;\nconst b=()=>c;\nb(c);'


def test_modules_may_import_each_other() -> None:
    script = bundled(
        main='import { a } from "./b.js";\nexport function m() {}\na();\n',
        b='import { m } from "./main.js";\nexport const a = () => m();\n',
    )
    assert script.index("const a") < script.index("function m")


def test_a_name_has_one_meaning() -> None:
    with pytest.raises(ValueError, match=r"x is declared in b\.js and in main\.js"):
        bundled(main='import { y } from "./b.js";\nconst x = y;\n', b="const x = 1;\nexport const y = 2;\n")


def test_only_what_is_exported_is_imported() -> None:
    with pytest.raises(ValueError, match=r"main\.js imports x from b\.js, which does not export it"):
        bundled(main='import { x } from "./b.js";\nx();\n', b="const x = 1;\n")


def test_comments_are_for_readers_of_the_modules() -> None:
    text = (
        '/**\n * What a is.\n */\nconst a = "// not one";\n  // indented\n  /* and\n  this */\nconst b = 2; // goes\n'
    )
    assert bundled(main=text) == '"use strict";\nconst a="// not one";\nconst b=2;'


@pytest.mark.parametrize(
    ("text", "compact"),
    [
        ('f(a, "b , c") + 1', 'f(a,"b , c")+1'),
        ("a + +b - -c", "a+ +b- -c"),
        ("x = a / b / c", "x=a/b/c"),
        ("t.replace(/ - ( [/]) /g, ' - ')", "t.replace(/ - ( [/]) /g,' - ')"),
        ("`a + ${b + `${c} - d`} + ${ {a: 1} } e`;", "`a + ${b + `${c} - d`} + ${ {a: 1} } e`;"),
        ("if (a) return !b;\nelse throw c;", "if(a)return!b;\nelse throw c;"),
        ("function* f() { yield* g; }", "function*f(){yield*g;}"),
        ("const $ = typeof x in y", "const $=typeof x in y"),
    ],
)
def test_only_spaces_that_mean_nothing_are_left_out(text: str, compact: str) -> None:
    assert compact_script(text) == compact


def test_what_is_not_used_is_left_out() -> None:
    text = (
        "const a = 1;\n/** uses a */\nfunction f() {\n  return a;\n}\nfunction g() {\n  return f();\n}\nconst h = 0;\n"
    )
    assert [name for name, _ in declarations(only_used(text, ["g", "unknown"]))] == ["a", "f", "g"]
    assert only_used(text, ["h"]) == "const h = 0;\n"


def test_every_import_of_the_real_modules_is_used() -> None:
    for file in ASSETS.iterdir():
        if file.name.endswith(".js"):
            text = file.read_text(encoding="utf-8")
            head, body = [], []
            for line in text.splitlines():
                (head if line.startswith("import ") else body).append(line)
            for line in head:
                for name in line[line.index("{") + 1 : line.index("}")].split(","):
                    assert name.strip() in "\n".join(body), (file.name, name)
