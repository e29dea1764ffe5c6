-- Who leads the control plane, and since when nobody else may write.

CREATE TABLE lease (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    holder    text,
    advertise text   NOT NULL,
    term      bigint NOT NULL CHECK (term >= 0),
    counter   bigint NOT NULL CHECK (counter >= 0)
);

-- Every other write holds this row against change, and is refused when the
-- row's term is not its own.
CREATE TABLE control_term (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    term     bigint NOT NULL CHECK (term >= 0)
);

INSERT INTO control_term (term) VALUES (0);
