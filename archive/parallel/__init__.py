"""The tables of calls, computed from an archive by workers: processes here, or Dask's elsewhere."""
