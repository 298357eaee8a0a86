"""Who reads the table of all shards loads no more than reading takes."""

from __future__ import annotations

import subprocess
import sys

from lake.place import LakePlace
from lake.shard import Shard
from lake.table import Lake
from lake.writer import ShardWriter

READ = """
import sys
from lake.place import LakePlace
from lake.rows import records
from lake.table import Lake
lake = Lake(LakePlace({uri!r}))
print(list(records(lake, lake.files())), "pyarrow.dataset" in sys.modules)
"""


def test_a_process_that_sees_how_far_shards_are_loads_nothing_for_folders_of_files(
    place: LakePlace,
) -> None:
    ShardWriter(Lake.made(place), Shard(1, 1), None).take_over()
    ended = subprocess.run(
        [sys.executable, "-c", READ.format(uri=place.uri)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "[1] False\n", ended.stderr
