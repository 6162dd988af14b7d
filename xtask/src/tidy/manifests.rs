//! The manifests of the crates: one lint table, one dependency table, both the workspace's.

use std::path::Path;

use toml::{Table, Value};

use super::Finding;

const DEPENDENCIES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// Holds one manifest against the rules.
pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let manifest: Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::error(path.display(), error.to_string())],
    };
    let mut findings = Vec::new();
    if !manifest.get("lints").is_some_and(is_of_the_workspace) {
        findings.push(Finding::error(path.display(), "[lints] workspace = true is missing"));
    }
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values).filter_map(Value::as_table);
    for table in targets.chain([&manifest]) {
        let dependencies = DEPENDENCIES.iter().filter_map(|kind| table.get(*kind)).filter_map(Value::as_table).flatten();
        for (name, _) in dependencies.filter(|(_, source)| !is_of_the_workspace(source)) {
            findings.push(Finding::error(path.display(), format!("{name} is not taken from the workspace's dependency table")));
        }
    }
    findings
}

fn is_of_the_workspace(entry: &Value) -> bool {
    entry.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objections(text: &str) -> Vec<String> {
        check(Path::new("Cargo.toml"), text).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn lints_and_dependencies_are_the_workspaces() {
        let good = "[dependencies]\nserde.workspace = true\n[dev-dependencies]\ntokio = { workspace = true, features = [] }\n[lints]\nworkspace = true";
        assert_eq!(objections(good), [""; 0]);
        let own = "[dependencies]\nserde = \"1\"\n[target.'cfg(unix)'.dependencies]\nlibc = { version = \"0.2\" }";
        assert_eq!(
            objections(own),
            [
                "[lints] workspace = true is missing",
                "libc is not taken from the workspace's dependency table",
                "serde is not taken from the workspace's dependency table",
            ]
        );
    }
}
