//! The stocktake's state machine.
