-- How long the recordings of a campaign's calls are kept, as the campaign says it; '{}': as the account says.
ALTER TABLE campaign ADD COLUMN recordings TEXT NOT NULL DEFAULT '{}';
