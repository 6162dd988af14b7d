//! Devices built as the program builds them: from the text of a configuration, through the catalogue.

use std::path::Path;
use std::sync::Arc;

use pandian_devices::catalog::{BuildContext, Kind};
use pandian_devices::{Catalog, DeviceError};
use toml::de::ValueDeserializer;

pub(crate) fn context(folder: &Path) -> BuildContext {
    BuildContext::new("C1".into(), folder)
}

/// Builds a device of a kind from its settings, an inline table.
pub(crate) fn build<D: ?Sized>(kinds: &[Kind<D>], kind: &str, settings: &str, context: &BuildContext) -> Result<Arc<D>, DeviceError> {
    parse(kinds, kind, settings).unwrap_or_else(|error| panic!("{settings}: {error}")).build(context)
}

pub(crate) fn parse<D: ?Sized>(
    kinds: &[Kind<D>],
    kind: &str,
    settings: &str,
) -> Result<Arc<dyn pandian_devices::catalog::Build<D>>, toml::de::Error> {
    let kind = kinds.iter().find(|k| k.name == kind).unwrap();
    (kind.parse)(ValueDeserializer::parse(settings)?)
}

macro_rules! built {
    ($name:ident, $field:ident, $device:path) => {
        pub(crate) fn $name(kind: &str, settings: &str, context: &BuildContext) -> Arc<dyn $device> {
            build(&Catalog::real().$field, kind, settings, context).unwrap()
        }
    };
}
built!(crane, cranes, pandian_devices::Crane);
built!(reader, readers, pandian_devices::TagReader);
built!(camera, cameras, pandian_devices::Camera);

/// A small whole picture.
pub(crate) const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\x0aIDAT\x78\x9c\x63\0\0\0\x02\0\x01\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82";

/// Whether a process is there: also as a zombie, if it is ours to bury.
pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    let Some((_, fields)) = stat.rsplit_once(") ") else { return false };
    let mut fields = fields.split(' ');
    let (state, parent) = (fields.next().unwrap(), fields.next().unwrap());
    state != "Z" || parent == std::process::id().to_string()
}
