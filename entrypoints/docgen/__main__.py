"""`python -m entrypoints.docgen` writes every generated document, schema and catalogue anew."""

from entrypoints.docgen import catalogues, documents, schemas

documents.write()
schemas.write()
catalogues.write()
