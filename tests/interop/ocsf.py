"""Holds exported OCSF lines against the schema's own definitions: of the version that a line names, and of
every later one that the package brings. `ocsf.py LINES` prints how many; `ocsf.py --refuses LINES` succeeds where
the version that it names refuses each line. Needs Python and the pinned package, nothing else."""

import json
import re
import sys
from importlib import resources

PRIMITIVES = {
    "boolean_t": lambda v: isinstance(v, bool),
    "integer_t": lambda v: isinstance(v, int) and not isinstance(v, bool) and -(2**31) <= v < 2**31,
    "long_t": lambda v: isinstance(v, int) and not isinstance(v, bool) and -(2**63) <= v < 2**63,
    "float_t": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "string_t": lambda v: isinstance(v, str),
    "json_t": lambda v: True,
}


class Schema:
    def __init__(self, text):
        self.raw = json.loads(text)
        self.version = self.raw["version"]
        # Two layouts: `types` and a `profile`, or from 1.8 on a dictionary and `profiles`.
        self.types = self.raw["types"] if "types" in self.raw else self.raw["dictionary"]["types"]["attributes"]
        self.by_uid = {c["uid"]: c for c in self.raw["classes"].values()}

    def event(self, event, faults):
        cls = self.by_uid.get(event.get("class_uid"))
        if cls is None:
            faults.append("class_uid: no class of the schema")
            return
        profiles = event.get("metadata", {}).get("profiles", [])
        for profile in profiles:
            if profile not in cls["profiles"]:
                faults.append(f"metadata.profiles: {cls['name']} has no profile {profile}")
        self.object(event, cls, profiles, "", faults)
        if event.get("type_uid") != event["class_uid"] * 100 + event.get("activity_id", -1):
            faults.append("type_uid is not class_uid * 100 + activity_id")
        if event.get("category_uid") != cls["category_uid"]:
            faults.append("category_uid is another category's")
        for name, of in [("class_name", cls["caption"]), ("category_name", cls["category_name"])]:
            if name in event and event[name] != of:
                faults.append(f"{name} is not {of!r}")

    def object(self, value, definition, profiles, path, faults):
        if not isinstance(value, dict):
            faults.append(f"{path}: not an object")
            return
        attributes = {n: a for n, a in definition["attributes"].items() if selected(a, profiles)}
        if not definition["attributes"]:
            return  # the generic object holds anything
        for name, attribute in attributes.items():
            if attribute.get("requirement") == "required" and name not in value:
                faults.append(f"{path}{name}: required and missing")
        constraints = definition.get("constraints") or {}
        for rule, names in constraints.items():
            there = sum(name in value for name in names)
            if (rule == "at_least_one" and there < 1) or (rule == "just_one" and there != 1):
                faults.append(f"{path}: {rule} of {names}, and {there} are there")
            elif rule not in ("at_least_one", "just_one"):
                faults.append(f"{path}: a constraint {rule} that this program does not know")
        for name, item in value.items():
            if name not in attributes:
                faults.append(f"{path}{name}: no attribute of {definition['name']}")
                continue
            attribute = attributes[name]
            if attribute.get("@deprecated") and attribute["@deprecated"].get("since", "") <= self.version:
                faults.append(f"{path}{name}: deprecated")
            if attribute.get("is_array"):
                if not isinstance(item, list):
                    faults.append(f"{path}{name}: not an array")
                    continue
                for at, one in enumerate(item):
                    self.value(one, attribute, profiles, f"{path}{name}[{at}]", faults)
            else:
                self.value(item, attribute, profiles, f"{path}{name}", faults)
            self.sibling(name, item, attribute, value, path, faults)

    def sibling(self, name, item, attribute, value, path, faults):
        """The text beside a number that the schema names: `activity_name` beside `activity_id`."""
        enum, other = attribute.get("enum"), attribute.get("sibling")
        if enum and other in value and str(item) in enum and item != 99:
            if value[other] != enum[str(item)]["caption"]:
                faults.append(f"{path}{other}: not {enum[str(item)]['caption']!r}")

    def value(self, value, attribute, profiles, path, faults):
        kind = attribute["type"]
        if kind == "object_t":
            self.object(value, self.raw["objects"][attribute["object_type"]], profiles, f"{path}.", faults)
            return
        definition = self.types[kind]
        primitive = kind if kind in PRIMITIVES else definition["type"]
        if not PRIMITIVES[primitive](value):
            faults.append(f"{path}: not a {kind}")
            return
        if "enum" in attribute and str(value) not in attribute["enum"]:
            faults.append(f"{path}: {value!r} is not in the enumeration")
        if "max_len" in definition and len(value) > definition["max_len"]:
            faults.append(f"{path}: longer than {definition['max_len']}")
        if "range" in definition and not definition["range"][0] <= value <= definition["range"][1]:
            faults.append(f"{path}: outside of {definition['range']}")
        if "regex" in definition and not re.search(definition["regex"], value):
            faults.append(f"{path}: not of the form of a {kind}")


def selected(attribute, profiles):
    needs = attribute.get("profiles") or ([attribute["profile"]] if attribute.get("profile") else [])
    return not needs or any(profile in profiles for profile in needs)


def number(version):
    return tuple(int(part) for part in version.split("."))


def once(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("a key stands twice")
    return dict(pairs)


def main(arguments):
    refuses = arguments[:1] == ["--refuses"]
    (path,) = arguments[1:] if refuses else arguments
    with open(path, encoding="utf-8", newline="\n") as file:
        lines = file.read().split("\n")
    events = [json.loads(line, object_pairs_hook=once) for line in lines if line]
    folder = resources.files("ocsf_json_schema") / "ocsf"
    names = [f.name for f in folder.iterdir() if re.fullmatch(r"\d+\.\d+\.\d+\.json", f.name)]
    schemas = [Schema((folder / name).read_text(encoding="utf-8")) for name in names]
    schemas.sort(key=lambda schema: number(schema.version))
    bad, used = [], set()
    for at, event in enumerate(events):
        declared = number(event["metadata"]["version"])
        held_to = [s for s in schemas if number(s.version) == declared or (number(s.version) > declared and not refuses)]
        if declared not in [number(s.version) for s in held_to]:
            sys.exit(f"line {at + 1}: the package has no schema of its version")
        for schema in held_to:
            faults = []
            schema.event(event, faults)
            used.add(schema.version)
            if refuses and not faults:
                bad.append(f"line {at + 1} is not refused: {json.dumps(event)}")
            elif not refuses:
                of = f"line {at + 1} ({event['metadata'].get('event_code')}, {schema.version})"
                bad += [f"{of}: {fault}" for fault in faults]
    if bad or not events:
        sys.exit("\n".join(bad) or "no line")
    if refuses:
        print(f"{len(events)} changed lines are refused")
        return
    classes = sorted({event["class_uid"] for event in events})
    print(f"{len(events)} OCSF lines of classes {classes} fit {', '.join(sorted(used, key=number))}")


main(sys.argv[1:])
