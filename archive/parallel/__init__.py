"""Calls computed or judged from an archive by workers: processes here, or Dask's elsewhere."""
