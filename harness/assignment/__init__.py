"""What a course asks for and hands back: suites to begin with, and reports to hand in.

A template is a folder of three plain files: `suite.yaml`, which `harness init` writes; `report.md.j2`, the
report's text; and `criteria.yaml`, what it is judged by. `harness report --template` fills them in.
"""
