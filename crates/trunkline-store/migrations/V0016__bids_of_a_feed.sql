-- Bids that a feed was given, the newest first.
CREATE INDEX given_bid_feed ON given_bid (feed, id);
