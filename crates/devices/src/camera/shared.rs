//! What cameras of one configuration share, because they are one device, or look into one folder.

use std::collections::HashMap;
use std::hash::Hash;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::door::Door;
use super::folder::Taken;
use crate::http::{Credentials, Login};

/// What cameras share: the sides of a crane, or several cranes, may have one device with several channels, or one folder.
#[derive(Clone, Default)]
pub struct SharedCameras(Arc<Shelves>);

#[derive(Default)]
struct Shelves {
    doors: Shelf<String, Door>,
    logins: Shelf<(String, Option<Credentials>), Login>,
    folders: Shelf<PathBuf, Mutex<Taken>>,
}

impl SharedCameras {
    /// The door of a device, by its scheme, host and port.
    pub(super) fn door(&self, origin: String) -> Arc<Door> {
        self.0.doors.get(origin, Door::default)
    }

    /// A user at a device, by its scheme, host and port.
    pub(super) fn login(&self, origin: String, credentials: Option<Credentials>) -> Arc<Login> {
        self.0.logins.get((origin, credentials.clone()), || Login::new(credentials))
    }

    /// What was taken out of a folder, by its path without links.
    pub(super) fn taken(&self, folder: PathBuf) -> Arc<Mutex<Taken>> {
        self.0.folders.get(folder, Mutex::default)
    }
}

impl std::fmt::Debug for SharedCameras {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedCameras")
    }
}

/// Things by their keys, each there as long as anyone has it.
struct Shelf<K, V>(Mutex<HashMap<K, Weak<V>>>);

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V> Shelf<K, V> {
    fn get(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shelf.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        shelf.retain(|_, value| value.strong_count() > 0);
        let made = Arc::new(make());
        shelf.insert(key, Arc::downgrade(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_any_more_is_forgotten() {
        let cameras = SharedCameras::default();
        let door = cameras.door("http://h:80".to_owned());
        assert!(Arc::ptr_eq(&door, &cameras.clone().door("http://h:80".to_owned())));
        assert!(!Arc::ptr_eq(&door, &cameras.door("http://h:81".to_owned())));
        drop(door);
        drop(cameras.door("http://other:80".to_owned()));
        assert_eq!(cameras.0.doors.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn users_with_different_passwords_share_nothing() {
        let cameras = SharedCameras::default();
        let login = |password: &str| {
            let credentials = Credentials { user: "admin".to_owned(), password: password.to_owned(), allow_basic: false };
            cameras.login("http://h:80".to_owned(), Some(credentials))
        };
        let one = login("a");
        assert!(Arc::ptr_eq(&one, &login("a")) && !Arc::ptr_eq(&one, &login("b")));
    }
}
