-- History that was kept on a disk while Postgres was away.

-- An entry written before, though nobody knew that it was, is one.
ALTER TABLE audit ADD COLUMN key uuid UNIQUE;

-- What a leader told that was gone by the time it was written: it is shown, but
-- says nothing about how things stand, for others had led meanwhile.
ALTER TABLE happening ADD COLUMN late boolean NOT NULL DEFAULT false;
