-- name: holds_lease
SELECT 1 FROM run WHERE id = :run_id AND thread_id = :thread_id AND state = 'running' AND epoch = :epoch;

-- name: put_value
INSERT INTO checkpoint_value (thread_id, digest, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- name: count_values
-- CROSS JOIN keeps the order: each wanted digest is looked up, whatever the planner guesses.
SELECT count(*) FROM carray(:digests) AS wanted
CROSS JOIN checkpoint_value AS v ON v.thread_id = :thread_id AND v.digest = wanted.value;

-- name: values_of
SELECT v.digest, v.data FROM carray(:digests) AS wanted
CROSS JOIN checkpoint_value AS v ON v.thread_id = :thread_id AND v.digest = wanted.value;

-- name: put_checkpoint
-- The counter is the thread's, so that checkpoints of different namespaces have an order, too.
INSERT INTO checkpoint
    (thread_id, ns, id, ordinal, parent_id, run_id, epoch, body, roots, metadata, inherited)
VALUES (
    :thread_id, :ns, :id,
    (SELECT coalesce(max(ordinal), 0) + 1 FROM checkpoint WHERE thread_id = :thread_id),
    nullif(:parent_id, :id), :run_id, :epoch, :body, :roots, :metadata, :inherited
)
ON CONFLICT (thread_id, ns, id) DO UPDATE SET
    body = excluded.body,
    roots = excluded.roots,
    metadata = excluded.metadata,
    inherited = excluded.inherited
RETURNING ordinal;

-- name: put_head
INSERT INTO checkpoint_head (thread_id, ns, checkpoint_id, ordinal) VALUES (?, ?, ?, ?)
ON CONFLICT (thread_id, ns) DO UPDATE SET
    checkpoint_id = excluded.checkpoint_id, ordinal = excluded.ordinal;

-- name: put_write
INSERT INTO checkpoint_write
    (thread_id, ns, checkpoint_id, task_id, idx, run_id, epoch, task_path, channel, data, roots)
VALUES
    (:thread_id, :ns, :checkpoint_id, :task_id, :idx, :run_id, :epoch, :task_path, :channel,
     :data, :roots)
ON CONFLICT DO UPDATE SET
    epoch = excluded.epoch, task_path = excluded.task_path, channel = excluded.channel,
    data = excluded.data, roots = excluded.roots
WHERE excluded.idx < 0;

-- name: get_checkpoint
SELECT ns, id, parent_id, body, roots, metadata, inherited, run_id
FROM checkpoint
WHERE thread_id = :thread_id AND ns = :ns AND id = coalesce(:id, (
    SELECT checkpoint_id FROM checkpoint_head WHERE thread_id = :thread_id AND ns = :ns
));

-- name: writes_of
-- The row that is read comes first in its slot.
SELECT w.checkpoint_id, w.task_id, w.idx, w.task_path, w.channel, w.data, w.roots, w.run_id,
       w.epoch
FROM carray(:ids) AS wanted
CROSS JOIN checkpoint_write AS w
    ON w.thread_id = :thread_id AND w.ns = :ns AND w.checkpoint_id = wanted.value
ORDER BY w.task_id, w.idx, CASE WHEN w.idx < 0 THEN -w.epoch ELSE w.epoch END, w.run_id;

-- name: all_threads
SELECT DISTINCT thread_id FROM checkpoint ORDER BY thread_id;

-- name: list_thread
SELECT ns, id, parent_id, body, roots, metadata, inherited, run_id FROM checkpoint
WHERE thread_id = :thread_id
  AND (:id IS NULL OR id = :id)
  AND (:before IS NULL OR ordinal < (
      SELECT min(b.ordinal) FROM checkpoint AS b WHERE b.thread_id = :thread_id AND b.id = :before))
ORDER BY ordinal DESC;

-- name: list_namespace
-- The namespace's own checkpoint comes first: an id is unique there, and found by the key.
SELECT ns, id, parent_id, body, roots, metadata, inherited, run_id FROM checkpoint
WHERE thread_id = :thread_id AND ns = :ns
  AND (:id IS NULL OR id = :id)
  AND (:before IS NULL OR ordinal < coalesce(
      (SELECT b.ordinal FROM checkpoint AS b
       WHERE b.thread_id = :thread_id AND b.ns = :ns AND b.id = :before),
      (SELECT min(b.ordinal) FROM checkpoint AS b
       WHERE b.thread_id = :thread_id AND b.id = :before)))
ORDER BY ordinal DESC;

-- name: delete_thread_checkpoints
DELETE FROM checkpoint WHERE thread_id = ?;

-- name: delete_thread_heads
DELETE FROM checkpoint_head WHERE thread_id = ?;

-- name: delete_thread_writes
DELETE FROM checkpoint_write WHERE thread_id = ?;

-- name: delete_thread_values
DELETE FROM checkpoint_value WHERE thread_id = ?;

-- name: threads_of_run
SELECT thread_id FROM checkpoint WHERE run_id = :run_id
UNION SELECT thread_id FROM checkpoint_write WHERE run_id = :run_id AND run_id <> '';

-- name: chains
SELECT ns, id, parent_id, run_id, inherited FROM checkpoint WHERE thread_id = ?;

-- name: heads
SELECT ns, checkpoint_id FROM checkpoint_head WHERE thread_id = ?;

-- name: delete_checkpoint
DELETE FROM checkpoint WHERE thread_id = ? AND ns = ? AND id = ?;

-- name: delete_checkpoint_writes
DELETE FROM checkpoint_write WHERE thread_id = ? AND ns = ? AND checkpoint_id = ?;

-- name: writes_of_run
SELECT DISTINCT ns, checkpoint_id FROM checkpoint_write
WHERE run_id = ? AND run_id <> '' AND thread_id = ?;

-- name: delete_run_writes
DELETE FROM checkpoint_write WHERE thread_id = ? AND ns = ? AND checkpoint_id = ? AND run_id = ?;

-- name: restore_heads
INSERT INTO checkpoint_head (thread_id, ns, checkpoint_id, ordinal)
SELECT h.thread_id, h.ns, c.id, c.ordinal
FROM checkpoint_head AS h
CROSS JOIN checkpoint AS c ON c.thread_id = h.thread_id AND c.ns = h.ns AND c.ordinal = (
    SELECT max(ordinal) FROM checkpoint WHERE thread_id = h.thread_id AND ns = h.ns)
WHERE h.thread_id = :thread_id AND NOT EXISTS (
    SELECT 1 FROM checkpoint
    WHERE thread_id = h.thread_id AND ns = h.ns AND id = h.checkpoint_id)
ON CONFLICT (thread_id, ns) DO UPDATE SET
    checkpoint_id = excluded.checkpoint_id, ordinal = excluded.ordinal;

-- name: drop_heads
DELETE FROM checkpoint_head
WHERE thread_id = :thread_id AND NOT EXISTS (
    SELECT 1 FROM checkpoint AS c
    WHERE c.thread_id = checkpoint_head.thread_id AND c.ns = checkpoint_head.ns);

-- name: roots_of_thread
SELECT roots FROM checkpoint WHERE thread_id = :thread_id
UNION ALL SELECT roots FROM checkpoint_write WHERE thread_id = :thread_id;

-- name: nodes_of_thread
-- Of a leaf only the digest is wanted.
SELECT digest, CASE WHEN substr(data, 1, 1) = x'01' THEN data END
FROM checkpoint_value WHERE thread_id = ?;

-- name: delete_value
DELETE FROM checkpoint_value WHERE thread_id = ? AND digest = ?;

-- name: thread_is_empty
SELECT NOT EXISTS (SELECT 1 FROM checkpoint WHERE thread_id = :thread_id)
   AND NOT EXISTS (SELECT 1 FROM checkpoint_write WHERE thread_id = :thread_id);

-- name: copy_checkpoints
-- LangGraph keeps the thread's id in the metadata, too.
INSERT INTO checkpoint
    (thread_id, ns, id, ordinal, parent_id, run_id, epoch, body, roots, metadata, inherited)
SELECT :target, ns, id, ordinal, parent_id, NULL, 0, body, roots,
    CASE json_extract(metadata, '$.thread_id') WHEN :source
        THEN json_set(metadata, '$.thread_id', :target) ELSE metadata END,
    inherited
FROM checkpoint WHERE thread_id = :source;

-- name: copy_heads
INSERT INTO checkpoint_head (thread_id, ns, checkpoint_id, ordinal)
SELECT :target, ns, checkpoint_id, ordinal FROM checkpoint_head WHERE thread_id = :source;

-- name: copy_writes
-- Epochs of the source mean nothing in the target: of each slot the row that is read is copied.
INSERT INTO checkpoint_write
    (thread_id, ns, checkpoint_id, task_id, idx, run_id, epoch, task_path, channel, data, roots)
SELECT :target, ns, checkpoint_id, task_id, idx, '', 0, task_path, channel, data, roots
FROM (
    SELECT *, row_number() OVER (
        PARTITION BY ns, checkpoint_id, task_id, idx
        ORDER BY CASE WHEN idx < 0 THEN -epoch ELSE epoch END, run_id) AS place
    FROM checkpoint_write WHERE thread_id = :source)
WHERE place = 1;

-- name: copy_values
INSERT INTO checkpoint_value (thread_id, digest, data)
SELECT :target, digest, data FROM checkpoint_value WHERE thread_id = :source
ON CONFLICT DO NOTHING;
