-- Statements of the schedule operations. Parameters are bound, always.

-- name: insert_schedule
INSERT INTO schedule (id, assistant_id, thread_id, expression, zone, end_us, enabled, next_us, run,
                      scope, metadata, reply_format, created_us, updated_us)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)

-- name: get_schedule
SELECT id, expression, zone, end_us, enabled, next_us, run, scope, metadata, reply_format,
       created_us, updated_us
FROM schedule WHERE id = ?1 AND json_within(metadata, ?2)

-- name: set_schedule
UPDATE schedule
SET expression = ?3, zone = ?4, end_us = ?5, enabled = ?6,
    next_us = CASE WHEN ?7 THEN ?8 ELSE next_us END,
    run = ?9, metadata = ?10, reply_format = ?11, updated_us = ?12
WHERE id = ?1 AND updated_us = ?2
RETURNING 1

-- name: delete_schedule
DELETE FROM schedule WHERE id = ?

-- name: due_schedules
SELECT id, expression, zone, end_us, enabled, next_us, run, scope, metadata, reply_format,
       created_us, updated_us
FROM schedule WHERE enabled = 1 AND next_us IS NOT NULL AND next_us <= ?1
ORDER BY next_us, id LIMIT ?2

-- name: next_due
SELECT min(next_us) FROM schedule WHERE enabled = 1 AND next_us IS NOT NULL

-- name: pass_instant
-- Whoever moves a schedule on from an instant has the instant for itself.
UPDATE schedule SET next_us = ?4
WHERE id = ?1 AND enabled = 1 AND updated_us = ?2 AND next_us = ?3
RETURNING 1
