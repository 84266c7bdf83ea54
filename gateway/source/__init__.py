"""YAML with places: bytes become plain data that knows where each part stands, and mistakes become Problems."""

from gateway.source.document import Document, parse, read
from gateway.source.frame import frame
from gateway.source.scalar import Real, Whole, spelled
from gateway.source.shape import Amount, Day, Shape, Text, validate

__all__ = [
    "Amount",
    "Day",
    "Document",
    "Real",
    "Shape",
    "Text",
    "Whole",
    "frame",
    "parse",
    "read",
    "spelled",
    "validate",
]
