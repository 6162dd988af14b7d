//! Waiting for a new picture in a folder.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pandian_domain::{Code, LocationCode, StopId};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep_until, timeout};

use super::FolderCameraSettings;
use super::listing::{Listing, Stamp, list, news};
use super::pattern::{NamePattern, Names};
use super::taken::Taken;
use crate::camera::freshness;
use crate::camera::{SharedCameras, picture, reference, snapshot};
use crate::catalog::BuildContext;
use crate::error::{excerpt, root_reason};
use crate::settings::{ByteSize, Period};
use crate::{DeviceError, Probe, Shot, ShotEnd, Visit};

/// How often the folder is looked at. Shared folders tell nobody of what changes in them.
const POLL: Duration = Duration::from_millis(100);
/// How much earlier than the engine the wait ends, so that it can still say why.
const EARLIER: Duration = Duration::from_millis(500);

/// A folder that pictures are dropped into.
pub(super) struct FolderCamera {
    /// The camera, its crane and its folder, as messages name them.
    who: String,
    folder: PathBuf,
    shown: String,
    pattern: NamePattern,
    remove: bool,
    max_picture: ByteSize,
    cameras: SharedCameras,
    /// Shared by all cameras of the folder. Found when that is first looked at: it need not be there before.
    taken: OnceCell<Arc<Mutex<Taken>>>,
    /// What lay in the folder when a stop began: pictures that come between two tries are its own.
    begun: Mutex<Option<(StopId, LocationCode, Arc<Listing>)>>,
}

impl FolderCamera {
    pub(super) fn new(context: &BuildContext, settings: &FolderCameraSettings) -> Self {
        let folder = context.folder.join(&settings.folder);
        let shown = excerpt(&folder.display().to_string());
        Self {
            who: format!("the camera of crane {} at {shown}", context.crane),
            folder,
            shown,
            pattern: settings.pattern.clone(),
            remove: settings.remove,
            max_picture: settings.max_picture,
            cameras: context.cameras.clone(),
            taken: OnceCell::new(),
            begun: Mutex::default(),
        }
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    async fn taken(&self) -> Result<&Mutex<Taken>, DeviceError> {
        let find = async || {
            let folder = tokio::fs::canonicalize(&self.folder).await.map_err(|error| self.unreadable(error))?;
            Ok(self.cameras.taken(folder))
        };
        self.taken.get_or_try_init(find).await.map(|taken| &**taken)
    }

    pub(super) async fn shoot(&self, visit: &Visit) -> Result<Shot, DeviceError> {
        let names = Arc::new(self.pattern.of(visit));
        let within = visit.timeout.saturating_sub(EARLIER.min(visit.timeout / 4));
        let mut unfit = HashMap::new();
        match timeout(within, self.wait(visit, &names, &mut unfit)).await {
            Ok(taken) => taken,
            Err(_) => Err(self.nothing_came(within, unfit)),
        }
    }

    async fn wait(&self, visit: &Visit, names: &Arc<Names>, unfit: &mut Unfit) -> Result<Shot, DeviceError> {
        let taken = self.taken().await?;
        let before = self.before(visit, names).await?;
        let mut last = Listing::new();
        loop {
            let begun = Instant::now();
            let listing = self.list(names.clone()).await?;
            for file in news(&listing, &before) {
                let (name, stamp) = &file;
                // What is still being written changes from one look to the next.
                let is_still = last.get(name) == Some(stamp);
                let is_known = unfit.get(name).is_some_and(|(of, _)| of == stamp) || lock(taken).has(&file);
                if !is_still || is_known {
                    continue;
                }
                match self.take(&file, taken).await {
                    Ok(Some(shot)) => return Ok(shot),
                    // Another stop has it.
                    Ok(None) => {}
                    Err(error) => drop(unfit.insert(file.0, (file.1, error))),
                }
            }
            last = listing;
            // A folder that is slow to look through is not looked at all the time.
            sleep_until(begun + POLL.max(4 * begun.elapsed())).await;
        }
    }

    /// What lay in the folder when the stop began.
    async fn before(&self, visit: &Visit, names: &Arc<Names>) -> Result<Arc<Listing>, DeviceError> {
        let is_begun = |(stop, location, _): &&(StopId, LocationCode, Arc<Listing>)| *stop == visit.stop && *location == visit.location;
        let begun = lock(&self.begun).as_ref().filter(is_begun).map(|(.., listing)| listing.clone());
        if let Some(listing) = begun.filter(|_| visit.attempt > 1) {
            return Ok(listing);
        }
        let listing = Arc::new(self.list(names.clone()).await?);
        *lock(&self.begun) = Some((visit.stop, visit.location.clone(), listing.clone()));
        Ok(listing)
    }

    /// Takes a picture over, unless another stop was faster.
    async fn take(&self, file: &(OsString, Stamp), taken: &Mutex<Taken>) -> Result<Option<Shot>, DeviceError> {
        let (name, _) = file;
        let shown = excerpt(&name.to_string_lossy());
        let bytes = match reference::read(&self.who, self.folder.join(name), self.max_picture).await {
            // Another stop has it, and removed it.
            Err(_) if lock(taken).has(file) => return Ok(None),
            read => read?,
        };
        picture::check_visible(&bytes).map_err(|error| reference::not_whole(&format!("{}, file {shown},", self.who), error, None))?;
        let (digest, bytes) = self.digest(bytes).await?;
        {
            let mut taken = lock(taken);
            if !taken.take(file.clone()) {
                return Ok(None);
            }
            if !taken.is_new(digest) {
                let what = format!("{}: the file {shown} is, byte for byte, a picture that came before", self.who);
                return Err(DeviceError::new(Code::CameraStale, what));
            }
        }
        let mut note = format!("file {shown}");
        if self.remove
            && let Err(error) = tokio::fs::remove_file(self.folder.join(name)).await
        {
            note += &format!("; it cannot be removed: {}", root_reason(&error));
        }
        Ok(Some(Shot::Whole(ShotEnd { picture: Some(bytes), findings: None, note: Some(note) })))
    }

    async fn digest(&self, bytes: Bytes) -> Result<(freshness::PictureDigest, Bytes), DeviceError> {
        let looked = tokio::task::spawn_blocking(move || (freshness::digest(&bytes), bytes)).await;
        looked.map_err(|error| DeviceError::new(Code::Internal, format!("{}: its picture was lost: {error}", self.who)).because(error))
    }

    async fn list(&self, names: Arc<Names>) -> Result<Listing, DeviceError> {
        let folder = self.folder.clone();
        let listed = tokio::task::spawn_blocking(move || list(&folder, &names)).await.map_err(std::io::Error::other).flatten();
        listed.map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: std::io::Error) -> DeviceError {
        DeviceError::new(Code::DeviceUnreachable, format!("{}: the folder cannot be read: {}", self.who, root_reason(&error)))
            .because(error)
    }

    fn nothing_came(&self, within: Duration, unfit: Unfit) -> DeviceError {
        let newest = unfit.into_values().max_by_key(|(stamp, _)| *stamp);
        newest.map(|(_, error)| error).unwrap_or_else(|| {
            let what = format!("{}: no new picture \"{}\" came within {}", self.who, self.pattern.as_str(), Period(within));
            DeviceError::new(Code::CameraStale, what)
        })
    }

    pub(super) async fn try_out(&self) -> Result<Probe, DeviceError> {
        let listing = self.list(Arc::new(self.pattern.of_any())).await?;
        let pattern = self.pattern.as_str();
        if self.remove {
            rustix::fs::access(&self.folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).map_err(|error| {
                let what = format!("{}: files are to be removed, but the folder cannot be written to: {}", self.who, root_reason(&error));
                DeviceError::new(Code::ConfigInvalid, what).because(error)
            })?;
        }
        let Some((name, _)) = news(&listing, &Listing::new()).into_iter().next() else {
            return Ok(Probe { summary: format!("{} is there; no file \"{pattern}\" is in it yet", self.shown) });
        };
        let shown = excerpt(&name.to_string_lossy());
        let newest = match reference::read(&self.who, self.folder.join(&name), self.max_picture).await {
            Ok(bytes) => picture::check_visible(&bytes).map_or_else(|error| error.to_string(), |kind| snapshot::told(kind, &bytes)),
            Err(error) => error.message,
        };
        let count = listing.len();
        Ok(Probe { summary: format!("{} is there; files \"{pattern}\": {count}, the newest {shown}: {newest}", self.shown) })
    }
}

/// A panic elsewhere cannot leave it half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Files that came and are no pictures to take, each as it was looked at.
type Unfit = HashMap<OsString, (Stamp, DeviceError)>;
