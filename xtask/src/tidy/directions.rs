//! Which crate may depend on which.

use super::Finding;

/// A crate of the workspace and what it depends on.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) needs: Vec<Need>,
}

/// One dependency.
pub(super) struct Need {
    pub(super) name: String,
    /// A dev-dependency: these may point anywhere.
    pub(super) only_for_tests: bool,
}

/// The arrows of ARCHITECTURE.md. A crate may use what it points to, at once or by way of others. The simulator is reached from the
/// program alone: what is really in its racks can get into no verdict.
const ARROWS: &[(&str, &[&str])] = &[
    ("pandian", &["pandian-web", "pandian-engine", "pandian-sim"]),
    ("pandian-web", &["pandian-engine"]),
    ("pandian-engine", &["pandian-devices", "pandian-vision", "pandian-store", "pandian-domain"]),
    ("pandian-devices", &["pandian-domain", "pandian-llrp", "pandian-celery"]),
    ("pandian-store", &["pandian-domain"]),
    ("pandian-sim", &["pandian-devices", "pandian-domain", "pandian-llrp"]),
    ("pandian-domain", &["pandian-epc"]),
    ("pandian-celery", &[]),
    ("pandian-epc", &[]),
    ("pandian-llrp", &[]),
    ("pandian-vision", &[]),
];

/// Development tools: no part of the product, so they may use all of it.
const TOOLS: &[&str] = &["xtask"];

/// Everything foreign that `domain` may use: pure crates.
const DOMAIN: &str = "pandian-domain";
const PURE: &[&str] = &["jiff", "rust_decimal", "serde", "serde_json", "thiserror", "uuid"];

/// What the other pure crates may not use: runtimes, sockets, databases, the operating system.
const WITHOUT_IO: &[&str] = &["pandian-epc", "pandian-llrp", "pandian-vision"];
const IO: &[&str] = &["hyper", "hyper-util", "libc", "reqwest", "rustix", "sqlx", "tokio", "tokio-util"];

/// Holds the dependencies of the workspace's crates against the rules.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    let ours = |name: &str| members.iter().any(|member| member.name == name);
    let mut findings = Vec::new();
    for member in members.iter().filter(|member| !TOOLS.contains(&member.name.as_str())) {
        let name = member.name.as_str();
        if !ARROWS.iter().any(|(from, _)| *from == name) {
            findings.push(Finding::error(name, "has no line in the table of directions (xtask/src/tidy/directions.rs)"));
            continue;
        }
        for need in member.needs.iter().filter(|need| !need.only_for_tests).map(|need| need.name.as_str()) {
            if ours(need) {
                if !reaches(name, need) {
                    findings.push(Finding::error(name, format!("may not depend on {need}: no arrow leads there")));
                }
            } else if name == DOMAIN && !PURE.contains(&need) {
                findings.push(Finding::error(name, format!("may not depend on {need}: only on {}", PURE.join(", "))));
            } else if WITHOUT_IO.contains(&name) && IO.contains(&need) {
                findings.push(Finding::error(name, format!("may not depend on {need}: this crate does no I/O")));
            }
        }
    }
    findings
}

/// Whether arrows lead from one crate to another.
fn reaches(from: &str, to: &str) -> bool {
    let next = ARROWS.iter().find(|(name, _)| *name == from).map_or(&[][..], |(_, next)| *next);
    next.contains(&to) || next.iter().any(|next| reaches(next, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, needs: &[&str], needs_for_tests: &[&str]) -> Member {
        let need = |only_for_tests| move |name: &&str| Need { name: (*name).to_owned(), only_for_tests };
        let needs = needs.iter().map(need(false)).chain(needs_for_tests.iter().map(need(true))).collect();
        Member { name: name.to_owned(), needs }
    }

    fn objections(members: &[Member]) -> Vec<String> {
        check(members).into_iter().map(|finding| format!("{} {}", finding.place, finding.what)).collect()
    }

    #[test]
    fn arrows_may_be_followed_and_never_turned_round() {
        let domain = || member("pandian-domain", &["serde"], &["proptest"]);
        assert_eq!(objections(&[domain(), member("pandian-engine", &["pandian-domain", "tokio"], &[])]), [""; 0]);
        assert_eq!(objections(&[domain(), member("pandian", &["pandian-domain"], &[])]), [""; 0]);
        let turned = [member("pandian-domain", &["pandian-store"], &[]), member("pandian-store", &[], &[])];
        assert_eq!(objections(&turned), ["pandian-domain may not depend on pandian-store: no arrow leads there"]);
    }

    #[test]
    fn only_the_program_its_tools_and_tests_know_the_simulator() {
        let sim = || member("pandian-sim", &[], &[]);
        assert_eq!(objections(&[sim(), member("pandian", &["pandian-sim"], &[]), member("xtask", &["pandian-sim"], &[])]), [""; 0]);
        assert_eq!(objections(&[sim(), member("pandian-engine", &[], &["pandian-sim"])]), [""; 0]);
        let found = objections(&[sim(), member("pandian-engine", &["pandian-sim"], &[])]);
        assert_eq!(found, ["pandian-engine may not depend on pandian-sim: no arrow leads there"]);
    }

    #[test]
    fn pure_crates_use_pure_crates() {
        let found = objections(&[member("pandian-domain", &["serde", "tokio"], &[]), member("pandian-epc", &["serde", "sqlx"], &[])]);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("pandian-domain may not depend on tokio: only on jiff"), "{found:?}");
        assert_eq!(found[1], "pandian-epc may not depend on sqlx: this crate does no I/O");
    }

    #[test]
    fn a_new_crate_needs_a_place_in_the_table() {
        assert!(objections(&[member("pandian-misplaced", &[], &[])])[0].contains("no line in the table of directions"));
    }
}
