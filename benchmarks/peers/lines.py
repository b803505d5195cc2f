"""Lines of code of a function: what a user writes."""

import ast
import io
import tokenize

LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def lines(source: str, name: str) -> int:
    """Of a module's function and of those of the module that it names, each once.

    Blank lines, comments and docstrings do not count.
    """
    body = ast.parse(source).body
    functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in LAYOUT and token.string
        for line in range(token.start[0], token.end[0] + 1)
    }
    counted, waiting = set(), {name}
    while waiting:
        function = functions[waiting.pop()]
        counted.add(function.name)
        named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        waiting |= named & functions.keys() - counted
        if ast.get_docstring(function) is not None:
            text = function.body[0]
            code -= set(range(text.lineno, text.end_lineno + 1))
    spans = (range(functions[name].lineno, functions[name].end_lineno + 1) for name in counted)
    return len(code & {line for span in spans for line in span})
