-- A promotion rule may hold for a time. What is over stays until it is replaced:
-- whoever reads it looks at its end.

ALTER TABLE node ADD COLUMN promotion_until timestamptz;
