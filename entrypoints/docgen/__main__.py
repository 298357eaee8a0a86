"""`python -m entrypoints.docgen` writes every generated document and schema into `docs/`."""

from entrypoints.docgen import documents, schemas

documents.write()
schemas.write()
