//! What holds for any bytes as a reply of a camera.

/// What is shown to a challenge stays one line, a profile's token comes through a request unchanged, and nothing panics.
pub(crate) fn check(input: &[u8]) {
    pandian_devices::suite::check_reply(input);
}
