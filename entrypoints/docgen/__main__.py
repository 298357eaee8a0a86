"""`python -m entrypoints.docgen` writes anew all that is generated and kept in the repository."""

from entrypoints.docgen import catalogues, documents, schemas
from projections import table_columns
from projections.models import of_this_version

table_columns.write(of_this_version())
documents.write()
schemas.write()
catalogues.write()
