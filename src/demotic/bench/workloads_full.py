"""The rows that are measured beside a full database, and the target of each."""

from demotic.bench.rows import Row, Target

FULL = tuple(
    Row(
        name=f"{work}_c1",
        title=f"{title}, beside 100,000 runs on 10,000 threads",
        work=work,
        runs=100,
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    )
    for work, title in (
        ("full_search", "search for threads"),
        ("full_tag", "search by metadata, 100 threads"),
        ("full_status", "search by status"),
        ("full_count", "count of threads by metadata"),
        ("full_status_count", "count of threads by status"),
        ("full_runs", "the runs of a thread"),
        ("full_history", "the history of a thread"),
        ("full_claim", "a run that is claimed from the queue"),
    )
)

ITEMS = tuple(
    Row(
        name=f"{work}_c1",
        title=f"{title} among 100,000 items of the store",
        work=work,
        runs=100,
        targets=(Target("p50_ms", 10.0),),
        asked_only=True,
    )
    for work, title in (
        ("item_put", "replacing one"),
        ("item_get", "one by its key"),
        ("item_search", "the 100 of a user"),
        ("item_filter", "the only one with some value"),
    )
)
