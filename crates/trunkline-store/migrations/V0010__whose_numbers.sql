-- Which account at which carrier a number is held by, and when a purchase was last looked up.

-- A number is given back only to the account that bought it. All null for one that was not bought here, or whose account is
-- not known.
ALTER TABLE tracking_number ADD COLUMN carrier_dialect TEXT;
ALTER TABLE tracking_number ADD COLUMN carrier_user TEXT;
ALTER TABLE tracking_number ADD COLUMN carrier_api_url TEXT;
UPDATE tracking_number SET
    carrier_dialect = (SELECT c.dialect FROM carrier AS c WHERE c.trunk = tracking_number.trunk),
    carrier_user = (SELECT c.user_name FROM carrier AS c WHERE c.trunk = tracking_number.trunk),
    carrier_api_url = (SELECT c.api_url FROM carrier AS c WHERE c.trunk = tracking_number.trunk)
    WHERE carrier_name IS NOT NULL;

-- Those that nobody asked about for longest are asked about first.
ALTER TABLE purchase ADD COLUMN looked_up_at BIGINT;
