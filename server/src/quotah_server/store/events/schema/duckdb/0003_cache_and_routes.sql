-- With which stored provider key and by which route a call went; NULL where the caller brought a key, where
-- no route matched, and before this.
ALTER TABLE events ADD COLUMN credential_id VARCHAR;
ALTER TABLE events ADD COLUMN route_id VARCHAR;

-- Whether the gateway's cache answered, and what that saved: USD; NULL where no price is known, and for
-- all that a provider answered.
ALTER TABLE events ADD COLUMN from_cache BOOLEAN DEFAULT false;
ALTER TABLE events ALTER from_cache SET NOT NULL;
ALTER TABLE events ADD COLUMN saved DECIMAL(18, 12);
