//! `pandian import`: a list of book stock into the data directory.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use pandian_domain::{Code, Fact, Record};
use pandian_engine::Clock;
use pandian_store::{Access, Batch, Store};
use tokio::time::timeout;

use crate::assemble::{list_fault, load};
use crate::cli::ImportArgs;
use crate::fault::{Exit, Fault};
use crate::lists::{Limits, ListFile, read_stock};
use crate::say;
use crate::words::Lang;

/// How long a full disk or a locked database is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn import(args: ImportArgs, lang: Lang) -> Result<Exit, Fault> {
    let warehouse = load(&args.warehouse)?;
    let name = args.book.file_name().map_or_else(|| "-".into(), |name| name.to_string_lossy().into_owned());
    let bytes = read(&args.book)?;
    let book =
        read_stock(&ListFile::read(&name, &bytes[..], Limits::default()).map_err(list_fault)?, &warehouse.layout).map_err(list_fault)?;
    let store = Store::open(&args.data.data, Access::Write).await?;
    let list = store.put_picture(bytes.into()).await?;
    let lines = book.len() as u64;
    let fact = Fact::BookImported { source: name.as_str().into(), list, lines };
    let at = Clock::System.now();
    let record = Record { at, fact, stocktake: None, stop: None, lane: None, crane: None, location: None, attempt: None };
    // A store that stalls goes on trying; closing it tries once more and says why it fails.
    match timeout(PATIENCE, store.append(Batch { records: vec![record], reads: Vec::new() })).await {
        Ok(appended) => drop(appended?),
        Err(_elapsed) => {}
    }
    store.close().await?;
    say::line((lang.words().imported)(lines, &name))?;
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let failed = |error: std::io::Error| Fault::new(Code::ListInvalid, format!("{}: {error}", path.display()));
    let bound = Limits::default().bytes;
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(bound + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(bound + 1).read_to_end(&mut bytes))
    };
    read.map_err(failed)?;
    if bytes.len() as u64 > bound {
        return Err(Fault::new(Code::ListInvalid, format!("{}: larger than {bound} bytes", path.display())));
    }
    Ok(bytes)
}
