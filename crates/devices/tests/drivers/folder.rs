//! The `folder` camera: what a vendor's tool does to a folder, and what must not be read from it.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::suite::visit;
use pandian_devices::{Camera, DeviceError, Shot, ShotEnd};
use pandian_domain::{Code, OpKind};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::ground::{self, context};
use crate::guard::new_picture;

/// A folder of pictures, and a camera that looks there.
struct Dropped {
    folder: TempDir,
    camera: Arc<dyn Camera>,
}

impl Dropped {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("shots")).unwrap();
        let camera = ground::camera("folder", &format!("{{ folder = \"shots\" {more} }}"), &context(folder.path()));
        Self { folder, camera }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("shots").join(name)
    }

    async fn shoot(&self, millis: u64) -> Result<ShotEnd, DeviceError> {
        self.shoot_at("1号", 1, millis).await
    }

    async fn shoot_at(&self, location: &str, attempt: u16, millis: u64) -> Result<ShotEnd, DeviceError> {
        shoot_with(&*self.camera, location, attempt, millis).await
    }

    /// Takes a picture while something happens, as soon as the folder was looked at.
    async fn shoot_while(&self, millis: u64, happens: impl Future<Output = ()>) -> Result<ShotEnd, DeviceError> {
        let happening = async {
            sleep(Duration::from_millis(150)).await;
            happens.await;
        };
        tokio::join!(self.shoot(millis), happening).0
    }

    async fn refused(&self, happens: impl Future<Output = ()>) -> (Code, String) {
        let error = self.shoot_while(1_200, happens).await.unwrap_err();
        assert!(error.message.starts_with("the camera of crane C1 at ") && error.message.contains(self.camera.address()), "{error}");
        (error.code, error.message)
    }
}

async fn shoot_with(camera: &dyn Camera, location: &str, attempt: u16, millis: u64) -> Result<ShotEnd, DeviceError> {
    let mut visit = visit(OpKind::Capture, location, 1, attempt);
    visit.timeout = Duration::from_millis(millis);
    match camera.capture(&visit).await? {
        Shot::Whole(end) => Ok(end),
        Shot::Working(_) => panic!("a picture in a folder is done"),
    }
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn only_what_came_after_the_stop_began_counts() {
    let dropped = Dropped::new(", pattern = \"*.png\"");
    write(&dropped.path("old.png"), &new_picture());
    let (code, message) = dropped.refused(async { write(&dropped.path("new.jpg"), &new_picture()) }).await;
    assert_eq!(code, Code::CameraStale);
    assert!(message.ends_with("no new picture \"*.png\" came within 900ms"), "{message}");
    let picture = new_picture();
    let end = dropped.shoot_while(5_000, async { write(&dropped.path("new.png"), &picture) }).await.unwrap();
    assert_eq!((end.picture.unwrap(), end.note.as_deref()), (picture.into(), Some("file new.png")));
}

#[tokio::test]
async fn a_file_that_is_written_anew_or_moved_in_is_new() {
    let dropped = Dropped::new("");
    write(&dropped.path("latest.png"), &new_picture());
    let outside = dropped.folder.path().join("outside.png");
    for way in 0..2 {
        let picture = new_picture();
        let end = dropped.shoot_while(5_000, async {
            if way == 0 {
                write(&dropped.path("latest.png"), &picture);
            } else {
                write(&outside, &picture);
                std::fs::rename(&outside, dropped.path("moved.png")).unwrap();
            }
        });
        assert_eq!(end.await.unwrap().picture.unwrap(), picture);
    }
}

#[tokio::test]
async fn a_picture_is_waited_for_until_it_is_whole() {
    let dropped = Dropped::new("");
    let picture = new_picture();
    let path = dropped.path("slow.png");
    let end = dropped.shoot_while(10_000, async {
        for end in [20, 40, picture.len()] {
            write(&path, &picture[..end]);
            sleep(Duration::from_millis(250)).await;
        }
    });
    assert_eq!(end.await.unwrap().picture.unwrap(), picture);
    let (code, message) = dropped.refused(async { write(&dropped.path("half.png"), &picture[..30]) }).await;
    assert_eq!(code, Code::CameraBadPicture);
    assert!(message.contains("file half.png, brought no whole picture: it is cut off"), "{message}");
}

#[tokio::test]
async fn a_picture_between_two_tries_belongs_to_the_stop() {
    let dropped = Dropped::new("");
    assert_eq!(dropped.shoot(400).await.unwrap_err().code, Code::CameraStale);
    let picture = new_picture();
    write(&dropped.path("late.png"), &picture);
    assert_eq!(dropped.shoot_at("1号", 2, 5_000).await.unwrap().picture.unwrap(), picture);
    assert_eq!(dropped.shoot_at("1号", 3, 800).await.unwrap_err().code, Code::CameraStale, "it was taken over");
}

#[tokio::test]
async fn each_location_gets_the_picture_that_bears_its_code() {
    let dropped = Dropped::new(", pattern = \"{location}_*\"");
    let [one, eleven] = [new_picture(), new_picture()];
    let happening = async {
        sleep(Duration::from_millis(150)).await;
        write(&dropped.path("11号_a.png"), &eleven);
        write(&dropped.path("1号_b.png"), &one);
    };
    let (first, second, ()) = tokio::join!(dropped.shoot_at("1号", 1, 5_000), dropped.shoot_at("11号", 1, 5_000), happening);
    assert_eq!((first.unwrap().picture.unwrap(), second.unwrap().picture.unwrap()), (one.into(), eleven.into()));
}

#[tokio::test]
async fn one_picture_serves_one_stop_and_the_same_bytes_none() {
    let dropped = Dropped::new("");
    let [older, newer] = [new_picture(), new_picture()];
    let happening = async {
        sleep(Duration::from_millis(150)).await;
        write(&dropped.path("a.png"), &older);
        write(&dropped.path("b.png"), &newer);
    };
    let (first, second, ()) = tokio::join!(dropped.shoot_at("1号", 1, 5_000), dropped.shoot_at("11号", 1, 5_000), happening);
    assert_ne!(first.unwrap().picture, second.unwrap().picture);
    let (code, message) = dropped.refused(async { write(&dropped.path("again.png"), &newer) }).await;
    assert_eq!(code, Code::CameraStale);
    assert!(message.contains("the file again.png is, byte for byte, a picture that came before"), "{message}");
}

#[tokio::test]
async fn a_picture_serves_one_of_the_cameras_that_look_into_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let shared = context(folder.path());
    // The folder is not there yet, and has two names.
    let cameras = ["{ folder = \"shots\", remove = true }", "{ folder = \"link\", pattern = \"*.png\", remove = true }"]
        .map(|settings| ground::camera("folder", settings, &shared));
    std::fs::create_dir(folder.path().join("shots")).unwrap();
    symlink("shots", folder.path().join("link")).unwrap();
    for round in 0..5 {
        let path = folder.path().join("shots").join(format!("{round}.png"));
        let happening = async {
            sleep(Duration::from_millis(150)).await;
            write(&path, &new_picture());
        };
        let [left, right] = [&cameras[0], &cameras[1]].map(|camera| shoot_with(&**camera, "1号", 1, 1_500));
        let (left, right, ()) = tokio::join!(left, right, happening);
        let (taken, missed) = if left.is_ok() { (left, right) } else { (right, left) };
        taken.unwrap();
        let error = missed.unwrap_err();
        assert!(error.code == Code::CameraStale && error.message.contains("no new picture"), "{error}");
    }
}

#[tokio::test]
async fn a_kind_of_picture_that_cannot_be_looked_at_is_told() {
    let dropped = Dropped::new("");
    let (code, message) = dropped.refused(async { write(&dropped.path("a.tif"), b"MM\0*\0\0\0\x08\0\0") }).await;
    assert_eq!(code, Code::CameraBadPicture);
    assert!(message.contains("file a.tif, brought no whole picture: it is a TIFF"), "{message}");
}

#[tokio::test]
async fn nothing_leads_out_of_the_folder() {
    let dropped = Dropped::new("");
    let outside = dropped.folder.path().join("outside.png");
    write(&outside, &new_picture());
    let (code, message) = dropped
        .refused(async {
            symlink(&outside, dropped.path("link.png")).unwrap();
            std::fs::create_dir(dropped.path("deeper.png")).unwrap();
            write(&dropped.path("deeper.png/x.png"), &new_picture());
            write(&dropped.path(".hidden.png"), &new_picture());
        })
        .await;
    assert_eq!(code, Code::CameraStale, "{message}");
}

#[tokio::test]
async fn a_file_is_removed_only_where_that_is_asked_for_and_after_it_was_taken_over() {
    for (more, is_left) in [("", true), (", remove = true", false)] {
        let dropped = Dropped::new(more);
        let path = dropped.path("shot.png");
        dropped.shoot_while(5_000, async { write(&path, &new_picture()) }).await.unwrap();
        assert_eq!(path.exists(), is_left);
        let (_, message) = dropped.refused(async { write(&path, b"no picture") }).await;
        assert!(path.exists() && message.contains("begins like no JPEG"), "{message}");
    }
}

#[tokio::test]
async fn a_picture_is_read_up_to_its_bound_and_a_folder_that_is_gone_is_told() {
    let dropped = Dropped::new(", max_picture = \"1KiB\"");
    let large = [new_picture(), vec![0; 1024]].concat();
    let (code, message) = dropped.refused(async { write(&dropped.path("large.png"), &large) }).await;
    assert_eq!(code, Code::DeviceTooLarge);
    assert!(message.ends_with("which is larger than 1KiB"), "{message}");
    std::fs::remove_dir_all(dropped.path("")).unwrap();
    let (code, message) = dropped.refused(async {}).await;
    assert_eq!(code, Code::DeviceUnreachable);
    assert!(message.ends_with("the folder cannot be read: no such file or directory"), "{message}");
    assert_eq!(dropped.camera.probe().await.unwrap_err().code, Code::DeviceUnreachable);
}

#[tokio::test]
async fn trying_a_folder_tells_its_newest_picture() {
    let dropped = Dropped::new(", pattern = \"{location}*.png\"");
    let summary = dropped.camera.probe().await.unwrap().summary;
    assert!(summary.ends_with("shots is there; no file \"{location}*.png\" is in it yet"), "{summary}");
    write(&dropped.path("1号.png"), &new_picture());
    let summary = dropped.camera.probe().await.unwrap().summary;
    assert!(summary.ends_with("files \"{location}*.png\": 1, the newest 1号.png: image/png of 1×1, 1 kB"), "{summary}");
}
