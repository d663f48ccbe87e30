"""Reports: built once as data (report.schema.json), and rendered for people, build servers and badges."""

from .building import build_report
from .rendering import FORMS, rendered

__all__ = ["FORMS", "build_report", "rendered"]
