-- Buyers who are rung at a SIP address: what has a number in one column has an address in the other.
ALTER TABLE call ADD COLUMN destination_sip TEXT;
ALTER TABLE call_event ADD COLUMN destination_sip TEXT;
ALTER TABLE given_bid ADD COLUMN deliver_to_sip TEXT;
