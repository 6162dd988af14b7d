-- A stocktake's own records (started, planned, paused, …) are few among those of its stops.
CREATE INDEX records_of_stocktake ON records (stocktake, seq) WHERE key IS NULL;
