-- Who must not be sold, as a campaign says it, and what of it stopped an opportunity.
ALTER TABLE campaign ADD COLUMN compliance TEXT NOT NULL DEFAULT '{}';
ALTER TABLE opportunity ADD COLUMN stopped_by TEXT;
