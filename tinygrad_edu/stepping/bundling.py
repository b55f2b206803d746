"""One script out of ES modules: what a page holds, since a module in a file of its own could not be loaded offline.

The modules stand in `assets/`, one idea each. Each is put after those that it imports, without `import` lines and the
word `export`: all share one scope, so a name means one thing throughout, and a second declaration of it is an error.
Modules may use each other's functions in a circle, but while they are being loaded only what was loaded before them.

    import { a, b } from "./other.js";        the only form of import; names are not changed on the way
    export function f                          and `export const`, `export let`, `export class`

Types and comments are left out, since they are for readers of the modules, and spaces that mean nothing; lines stay.

May import: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

__all__ = ["bundle", "compact_script", "compact_style", "declarations", "only_used", "without_comments"]

_IMPORT = re.compile(r'^import \{ ([^}]*) \} from "\./([\w.]+)";\n', re.MULTILINE)
_DECLARATION = re.compile(r"^(export )?(?:async )?(?:const|let|class|function\*?) (\w+)", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/)[ \t]*\n", re.MULTILINE | re.DOTALL)
_TYPE = re.compile(r"/\*\*(?:(?!\*/).)*\*/ ?")
_REMARK = re.compile(r"[ \t]+// [^\"'`\n]*$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"^[ \t]*\n|^[ \t]+", re.MULTILINE)


def _template(levels: int) -> str:
    """A template literal; between ${ and } there is code, in which templates stand again, so many levels deep."""
    inside = rf"[^`{{}}]|{{[^`{{}}]*}}|{_template(levels - 1)}" if levels else r"[^`{}]"
    return rf"`(?:[^`\\$]|\\.|\$(?!{{)|\${{(?:{inside})*}})*`"


#: What a script holds word by word: templates, strings, and regular expressions, which follow an operator.
_LITERAL = re.compile(
    rf"""({_template(2)}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
    r"""|(?:(?<=[(,=:!&|?])|(?<=[(,=:!&|?] ))/(?![/*])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*)"""
)
_SPACE = re.compile(r"(?<![\w$+-]) +| +(?![\w$+-])|(?<=[\w$]) +(?=[+-])|(?<=[+-]) +(?=[\w$])")


def bundle(entries: Sequence[str], read: Callable[[str], str]) -> str:
    """The script that does what the modules `entries` do, one after the other; `read` gives the text of a module.

    Raises ValueError where a name is declared twice, or imported from a module that does not export it.

    >>> modules = {"a.js": 'import { b } from "./b.js";\\nb();\\n', "b.js": "// says it\\nexport const b = () => 1;\\n"}
    >>> print(bundle(["a.js"], modules.__getitem__))
    "use strict";
    const b=()=>1;
    b();
    """
    texts: dict[str, str] = {}
    for entry in entries:
        _collect(entry, read, texts, set())
    _check_names(texts)
    plain = [without_comments(re.sub(r"(?m)^export ", "", _IMPORT.sub("", text))) for text in texts.values()]
    return '"use strict";\n' + compact_script("".join(plain)).rstrip("\n")


def _collect(name: str, read: Callable[[str], str], texts: dict[str, str], on_the_way: set[str]) -> None:
    """Add a module to `texts`, after all that it imports but for those that import it."""
    if name in texts or name in on_the_way:
        return
    on_the_way.add(name)
    text = read(name)
    for match in _IMPORT.finditer(text):
        _collect(match[2], read, texts, on_the_way)
    texts[name] = text


def _check_names(texts: dict[str, str]) -> None:
    declared: dict[str, str] = {}
    exported: set[tuple[str, str]] = set()
    for module, text in texts.items():
        for is_exported, name in _DECLARATION.findall(text):
            if name in declared:
                raise ValueError(
                    f"{name} is declared in {declared[name]} and in {module}; one of them needs another name"
                )
            declared[name] = module
            if is_exported:
                exported.add((module, name))
    for module, text in texts.items():
        for names, source in _IMPORT.findall(text):
            for name in names.split(", "):
                if (source, name) not in exported:
                    raise ValueError(f"{module} imports {name} from {source}, which does not export it")


def without_comments(text: str) -> str:
    """A script without what only its readers need.

    >>> without_comments("/** One. */\\nconst a = 1; // one\\n  const b = /** @type {X} */ (a);\\n")
    'const a = 1;\\nconst b = (a);\\n'
    """
    return _EMPTY_LINES.sub("", _REMARK.sub("", _TYPE.sub("", _COMMENT.sub("", text))))


def compact_script(text: str) -> str:
    """A script without comments, less the spaces around its signs; `a - -b` keeps those that it needs.

    >>> compact_script("const f = (a) => (a ? `${a} + 1` : a - -1);\\n")
    'const f=(a)=>(a?`${a} + 1`:a- -1);\\n'
    """
    parts = _LITERAL.split(text)  # every other one is a literal
    return "".join(part if k % 2 else _SPACE.sub("", part) for k, part in enumerate(parts))


def compact_style(text: str) -> str:
    """A style sheet without comments and without space that means nothing.

    >>> compact_style("a:hover, b {\\n  /* red */\\n  color: red;\\n}\\n")
    'a:hover,b{color:red}\\n'
    """
    text = re.sub(r"/\*(?:(?!\*/).)*\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*([{,;])\s*", r"\1", text)
    return re.sub(r";?\s*}\s*", "}\n", re.sub(r":\s+", ":", text))


def declarations(text: str) -> Iterator[tuple[str, str]]:
    """The name and the text of each declaration of a module, comments left out.

    >>> dict(declarations("/** one */\\nconst a = 1;\\nexport function f() {\\n  return a;\\n}\\n"))
    {'a': 'const a = 1;\\n', 'f': 'export function f() {\\n  return a;\\n}\\n'}
    """
    plain = _TYPE.sub("", _COMMENT.sub("", text))
    starts = [*_DECLARATION.finditer(plain)]
    ends = [match.start() for match in starts[1:]] + [len(plain)]
    for match, end in zip(starts, ends, strict=True):
        yield match[2], plain[match.start() : end]


def only_used(text: str, names: Sequence[str]) -> str:
    """A module with those declarations only that `names` need, directly or through others; it runs nothing itself.

    >>> print(only_used("const a = 1;\\nconst b = a;\\nconst c = 2;\\n", ["b"]), end="")
    const a = 1;
    const b = a;
    """
    parts = dict(declarations(text))
    needed: set[str] = set()
    to_visit = [name for name in names if name in parts]
    while to_visit:
        name = to_visit.pop()
        if name not in needed:
            needed.add(name)
            to_visit += [word for word in re.findall(r"(?<![\w.])\w+", parts[name]) if word in parts]
    return "".join(part for name, part in parts.items() if name in needed)
