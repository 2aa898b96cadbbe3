#!/usr/bin/env python3
"""The references of the command line and of the scenarios' language, from what the program tells.

softdna --experimental-dump-help | reference.py markdown             one page on standard output
softdna --experimental-dump-help | reference.py man FOLDER VERSION   a manual page for each command
softdna run --schema             | reference.py steps                one page on standard output
"""

import json
import os
import sys


def commands(command, path=()):
    """Every command of the tree with its path, parents first; help is the parser's own."""
    path += (command["commandName"],)
    yield path, command
    for child in command.get("subcommands", []):
        if child["shouldDisplay"] and child["commandName"] != "help":
            yield from commands(child, path)


def arguments(command):
    """What a user may write after the command; --help and --version are said once, for all."""
    return [
        argument
        for argument in command.get("arguments", [])
        if argument["shouldDisplay"] and argument["valueName"] not in ("help", "version")
    ]


def spelling(argument):
    """An argument as it is written, all its names."""
    value = f"<{argument['valueName']}>"
    if argument["kind"] == "positional":
        return value + (" …" if argument["isRepeating"] else "")
    dashes = {"long": "--", "short": "-", "longWithSingleDash": "-"}
    names = ", ".join(dashes[name["kind"]] + name["name"] for name in argument["names"])
    return names if argument["kind"] == "flag" else f"{names} {value}"


def synopsis(path, command):
    """The command with everything that may follow it."""
    words = [" ".join(path)]
    for argument in arguments(command):
        word = spelling(argument).split(", ")[0]
        if argument["kind"] == "option" and not word.endswith(">"):
            word += f" <{argument['valueName']}>"
        if argument["parsingStrategy"] == "postTerminator":
            words.append("--")
        words.append(f"[{word}]" if argument["isOptional"] else word)
    if command.get("subcommands"):
        words.append("<command>")
    return " ".join(words)


def explanation(argument):
    """What an argument is for, with what it may be and what it is by default."""
    text = argument.get("abstract", "")
    values = argument.get("allValues", [])
    if values and not all(value in text for value in values):
        text += f" One of {', '.join(values)}."
    default = argument.get("defaultValue")
    if default and argument["kind"] != "flag":
        text += f" Default: {default}."
    return text.strip()


def paragraphs(text):
    return [part.strip() for part in (text or "").split("\n\n") if part.strip()]


# Markdown


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def markdown(root):
    lines = [
        "# The command line",
        "",
        "Generated from the program by `make reference`; `softdna help COMMAND` says the same, "
        "and so does `man softdna-COMMAND` where the Debian package is installed. Every command "
        "takes `--help`.",
        "",
    ]
    for path, command in commands(root):
        lines += [f"{'#' * min(len(path) + 1, 4)} {' '.join(path)}", "", command["abstract"], ""]
        lines += ["```text", synopsis(path, command), "```", ""]
        if arguments(command):
            lines += ["| | |", "|---|---|"]
            lines += [
                f"| `{spelling(a).replace('|', chr(92) + '|')}` | {cell(explanation(a))} |"
                for a in arguments(command)
            ]
            lines.append("")
        for part in paragraphs(command.get("discussion")):
            lines += part.replace("<", "&lt;").split("\n") + [""]
    return "\n".join(lines).rstrip() + "\n"


# Scenario steps


def choices(schema):
    """The words a field may have, variables aside."""
    found = [str(value) for value in schema.get("enum", []) if value not in (True, False)]
    for part in schema.get("anyOf", []):
        found += choices(part)
    return found


def fields(schema):
    """The fields of a step, and those it cannot do without."""
    for part in [schema] + schema.get("anyOf", []):
        if "properties" in part:
            return part["properties"], part.get("required", [])
    return {}, []


def steps(schema):
    lines = [
        "# The steps of a scenario",
        "",
        "Generated from the program by `make reference`; `softdna run --schema` prints the same "
        "as a JSON Schema, for editors. How they are put together is in "
        "[scenarios.md](scenarios.md).",
        "",
    ]
    for form in schema["$defs"]["step"]["anyOf"]:
        for name, step in form.get("properties", {}).items():
            text = cell(step.get("description", ""))
            lines += [f"## {name}", "", f"{text[:1].upper()}{text[1:]}.", ""]
            known, required = fields(step)
            if known:
                lines += ["| | |", "|---|---|"]
            for field, field_schema in known.items():
                text = field_schema.get("description", "")
                values = choices(field_schema)
                if values and not all(value in text for value in values):
                    text += f" ({', '.join(values)})"
                lines.append(
                    f"| `{field}`{'' if field not in required else ', needed'} | {cell(text)} |"
                )
            if known:
                lines.append("")
    return "\n".join(lines).rstrip() + "\n"


# Manual pages


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("’", "'")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def manual(path, command, version, children):
    name = "-".join(path)
    lines = [
        f'.TH {name.upper()} 1 "" "softdna {version}" "User Commands"',
        ".nh",
        ".ad l",
        ".SH NAME",
        roff(f"{name} - {command['abstract'].rstrip('.')}"),
        ".SH SYNOPSIS",
        roff(synopsis(path, command)),
        ".SH DESCRIPTION",
        roff(command["abstract"]),
    ]
    for part in paragraphs(command.get("discussion")):
        lines += [".PP", roff(part)]
    if arguments(command):
        lines.append(".SH OPTIONS")
    for argument in arguments(command):
        lines += [".TP", f"\\fB{roff(spelling(argument))}\\fR", roff(explanation(argument))]
    if children:
        lines.append(".SH COMMANDS")
        for child, abstract in children:
            lines += [".TP", f"\\fB{roff(' '.join(child[1:]))}\\fR", roff(abstract)]
    others = [path[:-1]] if len(path) > 1 else []
    others += [child for child, _ in children]
    if others:
        pages = [f"\\fB{roff('-'.join(other))}\\fR(1)" for other in others]
        lines += [".SH SEE ALSO", ",\n".join(pages)]
    return "\n".join(lines) + "\n"


def manuals(root, folder, version):
    tree = list(commands(root))
    for path, command in tree:
        children = [
            (child, other["abstract"])
            for child, other in tree
            if len(child) == len(path) + 1 and child[: len(path)] == path
        ]
        with open(os.path.join(folder, "-".join(path) + ".1"), "w", encoding="utf-8") as page:
            page.write(manual(path, command, version, children))


def main(words):
    if words == ["markdown"]:
        sys.stdout.write(markdown(json.load(sys.stdin)["command"]))
    elif words == ["steps"]:
        sys.stdout.write(steps(json.load(sys.stdin)))
    elif len(words) == 3 and words[0] == "man":
        manuals(json.load(sys.stdin)["command"], words[1], words[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
