-- Trunks that register, number formats, caller-ID policy, and what carriers signal of a call.

-- kind: address or registered. The password lies sealed in credential, owned by the trunk.
ALTER TABLE trunk ADD COLUMN kind TEXT NOT NULL DEFAULT 'address';
ALTER TABLE trunk ADD COLUMN user_name TEXT;
ALTER TABLE trunk ADD COLUMN registrar TEXT;
ALTER TABLE trunk ADD COLUMN proxy TEXT;
ALTER TABLE trunk ADD COLUMN tls_ca TEXT;
ALTER TABLE trunk ADD COLUMN priority BIGINT NOT NULL DEFAULT 100;
ALTER TABLE trunk ADD COLUMN number_style TEXT NOT NULL DEFAULT 'e164_plus';
ALTER TABLE trunk ADD COLUMN number_country TEXT;
ALTER TABLE trunk ADD COLUMN international_prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN prefix_in TEXT NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN prefix_out TEXT NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN caller_id TEXT NOT NULL DEFAULT 'flow';
ALTER TABLE trunk ADD COLUMN caller_id_number BIGINT;
ALTER TABLE trunk ADD COLUMN asserts_identity BIGINT NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN tells_diversion BIGINT NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN trusts_identity BIGINT NOT NULL DEFAULT 1;

-- What came of the carrier's check of the caller's number: passed, failed or unchecked.
ALTER TABLE call ADD COLUMN verstat TEXT;
-- The number that redirected the call.
ALTER TABLE call ADD COLUMN diversion BIGINT;
