//! `cargo xtask tidy`: the rules of the house that a compiler does not know.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use directions::{Member, Need};

mod directions;
mod files;
mod links;
mod manifests;

/// Something that a rule objects to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// A crate, or a file below the root.
    place: String,
    what: String,
    weight: Weight,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Worth a look; the check passes.
    Warning,
    /// The check fails.
    Error,
}

impl Finding {
    fn error(place: impl fmt::Display, what: impl Into<String>) -> Self {
        Self { place: place.to_string(), what: what.into(), weight: Weight::Error }
    }

    fn warning(place: impl fmt::Display, what: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, ..Self::error(place, what) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Warning => "warning",
            Weight::Error => "error",
        };
        write!(f, "{weight}: {}: {}", self.place, self.what)
    }
}

/// The check could not be made, or did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TidyError {
    #[error("cargo metadata: {0}")]
    Metadata(#[from] cargo_metadata::Error),
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("tidy found {0} errors")]
    Untidy(usize),
}

/// Checks everything and prints what was found.
pub(crate) fn run() -> Result<(), TidyError> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let root = metadata.workspace_root.as_std_path();
    let files = files::below(root)?;

    let mut findings = directions::check(&members(&metadata));
    for package in &metadata.packages {
        let manifest = package.manifest_path.as_std_path();
        findings.extend(manifests::check(below(root, manifest), &read(manifest)?));
    }
    for file in &files {
        let path = root.join(file);
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => findings.extend(files::check(file, read(&path)?.lines().count())),
            Some("md") => findings.extend(links::check(file, &read(&path)?, |target| path.with_file_name("").join(target).exists())),
            _ => {}
        }
    }

    for finding in &findings {
        println!("{finding}");
    }
    match findings.iter().filter(|finding| finding.weight == Weight::Error).count() {
        0 => {
            println!("tidy: {} crates and {} files keep the rules", metadata.packages.len(), files.len());
            Ok(())
        }
        errors => Err(TidyError::Untidy(errors)),
    }
}

fn members(metadata: &Metadata) -> Vec<Member> {
    let need = |dependency: &cargo_metadata::Dependency| Need {
        name: dependency.name.clone(),
        only_for_tests: dependency.kind == DependencyKind::Development,
    };
    let member = |package: &cargo_metadata::Package| Member {
        name: package.name.to_string(),
        needs: package.dependencies.iter().map(need).collect(),
    };
    metadata.packages.iter().map(member).collect()
}

fn below<'a>(root: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

fn read(path: &Path) -> Result<String, TidyError> {
    std::fs::read_to_string(path).map_err(|source| TidyError::Unreadable { path: path.to_owned(), source })
}
