-- What minutes cost: rate cards of trunks, what was used and spent on each call, and the most that an account may spend.

-- The rate card as JSON; null: nobody knows what minutes on the trunk cost.
ALTER TABLE trunk ADD COLUMN rate_card TEXT;

-- Most micro-units of outgoing legs in one day of the account's zone; null: however much.
ALTER TABLE account ADD COLUMN daily_spend_max BIGINT;

-- The legs that used minutes, as JSON; and once the call ended, in micro-units, what they cost as far as it is known, and
-- what of it the dialled ones did.
ALTER TABLE call ADD COLUMN legs TEXT;
ALTER TABLE call ADD COLUMN telephony_cost BIGINT;
ALTER TABLE call ADD COLUMN outbound_cost BIGINT;
ALTER TABLE call ADD COLUMN cost_currency TEXT;
