-- With which stored provider key and by which route a call went; NULL where the caller brought a key, where
-- no route matched, and before this.
ALTER TABLE events ADD COLUMN credential_id LowCardinality(Nullable(String));
ALTER TABLE events ADD COLUMN route_id LowCardinality(Nullable(String));

-- Whether the gateway's cache answered, and what that saved: USD; NULL where no price is known, and for
-- all that a provider answered.
ALTER TABLE events ADD COLUMN from_cache Bool DEFAULT false;
ALTER TABLE events ADD COLUMN saved Nullable(Decimal(18, 12));
