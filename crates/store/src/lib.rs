//! Records, hash chain and evidence files on disk. No decisions.
