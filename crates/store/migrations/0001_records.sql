-- One row a fact, appended and never changed. The body is the fact as JSON and the only source: a stop's fact has a key, any other its
-- stocktake and kind, all derived from the body so that it can be found; `hash` chains it to the row before.
CREATE TABLE records (
    seq       INTEGER NOT NULL PRIMARY KEY,
    stocktake BLOB,
    kind      TEXT,
    key       BLOB,
    hash      BLOB NOT NULL,
    body      TEXT NOT NULL
) STRICT;

-- Where the record with a key is. The first commit wins; and since a key begins with the id of its stop, this finds a stop's records,
-- too. The stops under way lie far apart in the order of their keys, one page each, and every commit would write all these pages
-- anew. So keys are gathered in a table of a few pages, and moved from there to the big one in lots.
CREATE TABLE keys (
    key BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE recent_keys (
    key BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Lists of tag reads, by the number of the record that names their digest. Pictures are files.
CREATE TABLE reads (
    seq   INTEGER NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
