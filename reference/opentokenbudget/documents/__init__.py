"""Documents: bytes of JSON, or of YAML read as JSON, to checked, frozen documents or to placed problems.

Nothing here opens a file but the schemas of the package itself: bytes come in, documents and problems go out.
"""

from .canonical import canonical_json, digest
from .caps import CAPS, Caps
from .document import Document, first_stage, parse_document, place_of, placed
from .loading import CannotFetch, load_documents
from .ordering import in_document_order
from .reading import Reading, read
from .references import document_digest
from .schemas import KINDS
from .validation import schema_problems

__all__ = [
    "CAPS",
    "KINDS",
    "CannotFetch",
    "Caps",
    "Document",
    "Reading",
    "canonical_json",
    "digest",
    "document_digest",
    "first_stage",
    "in_document_order",
    "load_documents",
    "parse_document",
    "place_of",
    "placed",
    "read",
    "schema_problems",
]
