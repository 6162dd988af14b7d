//! A seeded warehouse: in-process devices for virtual time and servers on the wire, with faults.
