-- Statements of the outbox.

-- name: insert_delivery
INSERT INTO delivery (id, run_id, thread_id, metadata, url, receiver, run_state, change, head,
                      due_us, since_us, created_us, updated_us)
SELECT ?1, ?2, ?3, metadata, ?4, ?5, ?6, ?7,
       NOT EXISTS (SELECT 1 FROM delivery WHERE run_id = ?2 AND state = 'pending'),
       ?8, ?8, ?8, ?8
FROM thread WHERE id = ?3

-- name: claim_delivery
UPDATE delivery SET claim = claim + 1, worker = ?3, due_us = ?4
WHERE ordinal = (SELECT ordinal FROM delivery
                 WHERE state = 'pending' AND head = 1 AND due_us <= ?1
                   AND receiver NOT IN (SELECT value FROM json_each(?2))
                 ORDER BY due_us, ordinal LIMIT 1)
RETURNING id, claim, url, receiver, change, attempts, since_us

-- name: claimed_delivery
SELECT run_id, log FROM delivery WHERE id = ?1 AND claim = ?2 AND state = 'pending'

-- name: record_attempt
UPDATE delivery
SET state = ?2, log = ?3, attempts = attempts + 1, due_us = ?4, updated_us = ?5, worker = NULL,
    head = head AND ?2 = 'pending'
WHERE id = ?1

-- name: drop_delivery
DELETE FROM delivery WHERE id = ?

-- name: demote_deliveries
UPDATE delivery SET head = 0 WHERE run_id = ? AND state = 'pending' AND head = 1

-- name: elect_delivery
UPDATE delivery SET head = 1
WHERE ordinal = (SELECT ordinal FROM delivery WHERE run_id = ? AND state = 'pending'
                 ORDER BY ordinal LIMIT 1)

-- name: rescue_deliveries
UPDATE delivery SET due_us = ?2, worker = NULL
WHERE state = 'pending' AND head = 1 AND worker <> ?1
RETURNING 1

-- name: get_delivery
SELECT id, run_id, thread_id, url, run_state, state, attempts, log, due_us, created_us, updated_us
FROM delivery WHERE id = ?1 AND json_within(metadata, ?2)

-- name: redeliver
-- A new claim number takes it from whoever is sending it.
UPDATE delivery
SET state = 'pending', due_us = ?2, since_us = ?2, updated_us = ?2, worker = NULL, claim = claim + 1
WHERE id = ?1

-- name: forget_run
DELETE FROM delivery WHERE run_id = ? AND state <> 'pending'

-- name: forget_thread
DELETE FROM delivery WHERE thread_id = ? AND state <> 'pending'

-- name: trim_deliveries
DELETE FROM delivery WHERE ordinal IN
    (SELECT ordinal FROM delivery WHERE state <> 'pending' AND updated_us < ? LIMIT 1000)
RETURNING 1
