//! Runs the domain: a lane per crane, one stop written once, joins, time-outs, retries, shutdown.
