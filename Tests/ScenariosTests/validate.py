"""Validates YAML files against a JSON Schema, with Debian's python3-jsonschema and python3-yaml."""
import json
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML as JSON knows it: a day stays text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
failed = False
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        document = yaml.load(file, Loader)
    for error in validator.iter_errors(document):
        print(f"{path}: {error.json_path}: {error.message}")
        failed = True
sys.exit(failed)
