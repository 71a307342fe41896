-- The index by which runs are claimed holds every queued run, so that the whole queue can be
-- measured without reading a row. Claimable ones (head = 1) still lie together, in their order.
DROP INDEX run_queue;
CREATE INDEX run_queue ON run (head, ready_us, ordinal) WHERE state = 'queued';
