//! LLRP 1.0.1 and 1.1: messages and parameters of RFID readers, bytes to values and back.
