"""docs/http-rules.md names a test for each rule: they are all there."""

import re

from mortise import ROOT

ROW = re.compile(r"^\| [\d., ]+ \| .+ \| `(.+)` \|$", re.M)
UNIT = re.compile(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)+)"')
PROCESS = re.compile(r"^def (test_\w+)", re.M)


def test_each_rule_has_its_test():
    named = ROW.findall((ROOT / "docs" / "http-rules.md").read_text())
    present = set()
    for folder, pattern in (("kernel", UNIT), ("plugins", UNIT), ("process", PROCESS)):
        for path in (ROOT / "tests" / folder).glob("*.cpp" if pattern is UNIT else "*.py"):
            present.update(pattern.findall(path.read_text()))
    assert len(named) > 70
    assert not [name for name in named if name not in present]
