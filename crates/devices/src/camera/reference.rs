//! Pictures that a device names instead of sending them: files of a folder, or addresses of a service.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use pandian_domain::Code;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::picture::{self, NotAPicture};
use crate::error::{excerpt, root_reason};
use crate::http::RequestTemplate;
use crate::settings::ByteSize;
use crate::{DeviceError, Visit};

/// Reads a picture's file. Links are not followed, and nothing but a file is opened for long: a pipe could be waited for in vain.
pub(super) async fn read(who: &str, path: PathBuf, bound: ByteSize) -> Result<Bytes, DeviceError> {
    let shown = excerpt(&path.display().to_string());
    let read = tokio::task::spawn_blocking(move || read_file(&path, bound)).await.map_err(std::io::Error::other).flatten();
    match read {
        Ok(bytes) if bytes.len() <= bound.0 => Ok(bytes.into()),
        Ok(_) => Err(DeviceError::new(Code::DeviceTooLarge, format!("{who} names the picture {shown}, which is larger than {bound}"))),
        Err(error) => {
            let what = format!("{who} names the picture {shown}, which cannot be read: {}", root_reason(&error));
            Err(DeviceError::new(Code::CameraBadPicture, what).because(error))
        }
    }
}

/// Reads a file that must lie in a folder, whatever its name says.
pub(super) async fn read_within(who: &str, folder: &Path, name: &str, bound: ByteSize) -> Result<Bytes, DeviceError> {
    let wanted = folder.join(name);
    let (parent, root) = (wanted.parent().map(Path::to_owned).unwrap_or_default(), folder.to_owned());
    let resolved = tokio::task::spawn_blocking(move || Ok((std::fs::canonicalize(parent)?, std::fs::canonicalize(root)?)));
    let resolved: std::io::Result<(PathBuf, PathBuf)> = resolved.await.map_err(std::io::Error::other).flatten();
    let refused = |why: String| {
        let what = format!("{who} names the picture \"{}\", which is not read: {why}", excerpt(name));
        DeviceError::new(Code::CameraBadPicture, what)
    };
    let (parent, root) = resolved.map_err(|error| refused(root_reason(&error)).because(error))?;
    let file = wanted.file_name().ok_or_else(|| refused("it is no file's name".to_owned()))?;
    if !parent.starts_with(&root) {
        return Err(refused(format!("it is not in {}", folder.display())));
    }
    read(who, parent.join(file), bound).await
}

/// Fetches a picture from the service that a request goes to, and from no other.
pub(super) async fn fetch(request: &RequestTemplate, who: &str, visit: &Visit, address: &str) -> Result<Bytes, DeviceError> {
    let uri = request.base().same_origin(address).map_err(|error| {
        let what = format!("{who} names the picture \"{}\", which is not fetched: {error}", excerpt(address));
        DeviceError::new(Code::DeviceBadReply, what).because(error)
    })?;
    let reply = request.fetch(visit, &uri).await?;
    whole(who, reply.body, reply.headers.content_type.as_deref())
}

/// The bytes, if they are a whole picture; `declared` is the type that they came with.
pub(super) fn whole(who: &str, bytes: Bytes, declared: Option<&str>) -> Result<Bytes, DeviceError> {
    match picture::check(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(not_whole(who, error, declared)),
    }
}

/// What came is no whole picture.
pub(super) fn not_whole(who: &str, error: NotAPicture, declared: Option<&str>) -> DeviceError {
    let declared = declared.map(|declared| format!(" (it is declared as {})", excerpt(declared))).unwrap_or_default();
    DeviceError::new(Code::CameraBadPicture, format!("{who} brought no whole picture: {error}{declared}")).because(error)
}

/// The bytes of a file, at most one more than the bound.
fn read_file(path: &Path, bound: ByteSize) -> std::io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP => std::io::Error::other("it is a symbolic link"),
        other => other.into(),
    })?;
    let file = File::from(file);
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(bound.0 as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, mknodat};

    use super::*;

    /// A folder of pictures, one file beside it, and ways out of it.
    fn ground() -> tempfile::TempDir {
        let ground = tempfile::tempdir().unwrap();
        let at = |name: &str| ground.path().join(name);
        std::fs::create_dir_all(at("pictures/day")).unwrap();
        for name in ["pictures/day/1号.png", "pictures/day/large.png", "outside.png"] {
            std::fs::write(at(name), if name.contains("large") { "12345" } else { "1234" }).unwrap();
        }
        symlink("day", at("pictures/today")).unwrap();
        symlink("..", at("pictures/up")).unwrap();
        symlink("day/1号.png", at("pictures/link.png")).unwrap();
        mknodat(CWD, at("pictures/pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        ground
    }

    async fn read_from(ground: &Path, name: &str) -> Result<Bytes, DeviceError> {
        read_within("the camera", &ground.join("pictures"), name, ByteSize(4)).await
    }

    #[tokio::test]
    async fn a_picture_is_read_by_any_name_that_stays_in_the_folder() {
        let ground = ground();
        let whole = ground.path().join("pictures/day/1号.png");
        for name in ["day/1号.png", "./day/../day/1号.png", "today/1号.png", "../pictures/day/1号.png", whole.to_str().unwrap()] {
            assert_eq!(read_from(ground.path(), name).await.unwrap(), "1234", "{name}");
        }
    }

    #[tokio::test]
    async fn nothing_but_a_file_in_the_folder_is_read() {
        let ground = ground();
        let outside = ground.path().join("outside.png");
        for (name, told) in [
            ("../outside.png", "it is not in"),
            (outside.to_str().unwrap(), "it is not in"),
            ("/etc/passwd", "it is not in"),
            ("up/outside.png", "it is not in"),
            ("", "it is not in"),
            ("..", "it is no file's name"),
            ("day/..", "it is no file's name"),
            ("link.png", "it is a symbolic link"),
            ("today", "it is a symbolic link"),
            ("day", "it is no file"),
            ("pipe", "it is no file"),
            ("day/missing.png", "no such file"),
            ("missing/1.png", "no such file"),
            ("day/1号.png/1.png", "not a directory"),
            ("a\0b", "invalid argument"),
        ] {
            let error = read_from(ground.path(), name).await.unwrap_err();
            assert!(error.code == Code::CameraBadPicture && error.message.starts_with("the camera names the picture"), "{name}: {error}");
            assert!(error.message.contains(told) && !error.message.contains(char::is_control), "{name}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_picture_is_read_up_to_its_bound() {
        let ground = ground();
        let error = read_from(ground.path(), "day/large.png").await.unwrap_err();
        assert!(error.code == Code::DeviceTooLarge && error.message.ends_with("which is larger than 4B"), "{error}");
    }
}
