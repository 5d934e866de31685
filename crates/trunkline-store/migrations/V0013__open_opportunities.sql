-- Opportunities of calls that did not end: a start looks for those that the last process left.
CREATE INDEX opportunity_open ON opportunity (id) WHERE ended_at IS NULL AND call IS NOT NULL;
