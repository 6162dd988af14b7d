//! Whether something is new.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;

use sha2::{Digest, Sha256};

/// What tells pictures apart. One that looks at the world never sends the same bytes twice: noise alone differs.
pub(super) type PictureDigest = [u8; 32];

/// The digest of a picture. Of many megabytes it takes a while: no work for the event loop.
pub(super) fn digest(picture: &[u8]) -> PictureDigest {
    Sha256::digest(picture).into()
}

/// The last things that came, up to a number of them.
pub(super) struct Recent<T> {
    most: usize,
    known: HashSet<T>,
    order: VecDeque<T>,
}

impl<T: Clone + Eq + Hash> Recent<T> {
    /// Nothing yet.
    pub(super) fn of(most: usize) -> Self {
        Self { most, known: HashSet::new(), order: VecDeque::new() }
    }

    /// Whether something is one of the last.
    pub(super) fn has(&self, thing: &T) -> bool {
        self.known.contains(thing)
    }

    /// Whether something is none of the last; it is remembered as one of them.
    pub(super) fn is_new(&mut self, thing: T) -> bool {
        if !self.known.insert(thing.clone()) {
            return false;
        }
        if self.order.len() == self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(thing);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_new_once() {
        let mut recent = Recent::of(64);
        let told: Vec<bool> = [b"a", b"a", b"b", b"a", b"c"].map(|picture| recent.is_new(digest(picture))).into();
        assert_eq!(told, [true, false, true, false, true]);
        assert!(recent.has(&digest(b"a")) && !recent.has(&digest(b"d")));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut recent = Recent::of(3);
        assert!((0..9).all(|number| recent.is_new(number)));
        assert_eq!((recent.known.len(), recent.order.len()), (3, 3));
        assert_eq!((5..9).map(|number| recent.has(&number)).collect::<Vec<_>>(), [false, true, true, true]);
    }
}
