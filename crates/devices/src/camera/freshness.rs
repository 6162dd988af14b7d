//! Whether a picture is a new one.

use std::collections::VecDeque;

use sha2::{Digest, Sha256};

/// How many pictures of a camera are remembered.
const REMEMBERED: usize = 64;

/// What tells pictures apart.
pub(super) type PictureDigest = [u8; 32];

/// The digest of a picture.
pub(super) fn digest(picture: &[u8]) -> PictureDigest {
    Sha256::digest(picture).into()
}

/// The digests of a camera's last pictures. One that looks at the world never sends the same bytes twice: noise alone differs.
#[derive(Default)]
pub(super) struct Recent(VecDeque<PictureDigest>);

impl Recent {
    /// Whether a picture is none of the last ones; it is remembered as one of them.
    pub(super) fn is_new(&mut self, digest: PictureDigest) -> bool {
        if self.0.contains(&digest) {
            return false;
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(digest);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_new_once() {
        let mut recent = Recent::default();
        let told: Vec<bool> = [b"a", b"a", b"b", b"a", b"c"].map(|picture| recent.is_new(digest(picture))).into();
        assert_eq!(told, [true, false, true, false, true]);
        for number in 0..2 * REMEMBERED {
            assert!(recent.is_new(digest(&number.to_be_bytes())));
        }
        assert_eq!(recent.0.len(), REMEMBERED);
    }
}
