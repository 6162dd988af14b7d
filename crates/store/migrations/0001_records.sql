-- One row a fact, appended and never changed. The body is the fact as JSON and the only source: the columns stocktake, kind and key
-- are derived from it so that it can be found, and `hash` chains it to the row before.
CREATE TABLE records (
    seq       INTEGER NOT NULL PRIMARY KEY,
    stocktake BLOB,
    kind      TEXT NOT NULL,
    key       BLOB,
    body      TEXT NOT NULL,
    hash      BLOB NOT NULL
) STRICT;

-- The first commit wins; and since a key begins with the id of its stop, this finds a stop's records, too.
CREATE UNIQUE INDEX records_by_key ON records (key) WHERE key IS NOT NULL;

-- Lists of tag reads, by the digest of their bytes. Pictures are files.
CREATE TABLE reads (
    sha256 BLOB NOT NULL PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;
