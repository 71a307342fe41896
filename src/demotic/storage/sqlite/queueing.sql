-- Statements about the queue as a whole. All but the second read nothing but the index run_queue.

-- name: count_queued
SELECT count(*), count(*) FILTER (WHERE ready_us <= ?1) FROM run WHERE state = 'queued'

-- name: count_running
SELECT count(*) FROM run WHERE state = 'running' AND assistant_id <> ''

-- name: ready_since
-- Both halves of the index are in order, so they are merged and nothing is sorted.
SELECT ready_us FROM run WHERE state = 'queued' AND head = 0 AND ready_us <= ?1
UNION ALL
SELECT ready_us FROM run WHERE state = 'queued' AND head = 1 AND ready_us <= ?1
ORDER BY ready_us LIMIT ?2 OFFSET ?3

-- name: oldest_claimable
SELECT min(ready_us) FROM run WHERE state = 'queued' AND head = 1 AND ready_us <= ?1
