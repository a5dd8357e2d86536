"""What linters find, and how it is written for people, for GitHub, and as SARIF."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend.

    Attributes:
        place: the file, or the signature of a function of which no file is known.
        line: in the file, or in the body of the function; from 1 on.
        rule: that of the linter, or our own.
        message: what is wrong, and what to write.
        is_file: whether the place is a file.
    """

    place: str
    line: int
    rule: str
    message: str
    is_file: bool = True

    def text(self) -> str:
        """One line."""
        return f"{self.place}:{self.line}: {self.rule}{' ' if self.message else ''}{self.message}"

    def path(self) -> str:
        """The file as those see it who work in this folder, with slashes."""
        return os.path.relpath(self.place).replace(os.sep, "/")


def as_text(findings: Sequence[Finding]) -> str:
    """A line for each."""
    return "\n".join(finding.text() for finding in findings)


def as_github(findings: Sequence[Finding]) -> str:
    """Commands of a workflow, which GitHub shows beside the lines of a pull request."""
    return "\n".join(
        (f"::error file={_property(f.path())},line={f.line},title={_property(f.rule)}::" if f.is_file else "::error::")
        + _data(f.message if f.is_file else f.text())
        for f in findings
    )


def _data(text: str) -> str:
    """As the documentation of workflow commands says."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(findings: Sequence[Finding]) -> str:
    """SARIF 2.1.0, which code scanning of GitHub, GitLab and Azure reads."""
    results = [
        {
            "ruleId": f.rule,
            "level": "error",
            "message": {"text": f.message or f.rule},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": f.path()},
                        "region": {"startLine": f.line},
                    }
                }
                if f.is_file
                else {"logicalLocations": [{"fullyQualifiedName": f.place, "kind": "function"}]}
            ],
        }
        for f in findings
    ]
    rules = [{"id": rule} for rule in sorted({f.rule for f in findings})]
    driver = {"name": "betledger", "version": version("betledger"), "rules": rules}
    run = {"tool": {"driver": driver}, "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=1)


# By the name of a format.
WRITERS: dict[str, Callable[[Sequence[Finding]], str]] = {"text": as_text, "github": as_github, "sarif": as_sarif}
