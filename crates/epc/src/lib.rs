//! GS1 EPC Tag Data Standard: EPCs in binary, URI and element string, decoded and encoded.
