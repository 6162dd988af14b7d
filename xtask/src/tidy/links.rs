//! Links between the project's own pages.

use std::path::Path;

use super::Finding;

/// Holds the relative links of a Markdown page, given by its path below the root, against what `exists` beside it.
pub(super) fn check(path: &Path, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut in_code = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in targets(line).filter(|target| !exists(target)) {
            findings.push(Finding::error(format_args!("{}:{number}", path.display()), format!("the link to {target} leads nowhere")));
        }
    }
    findings
}

/// The relative link targets of a line, without fragments. Code spans are no links.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let prose = line.split('`').step_by(2);
    let links = prose.flat_map(|text| text.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
    links
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(text: &str) -> Vec<String> {
        check(Path::new("README.md"), text, |target| target == "docs/glossary.md")
            .into_iter()
            .map(|finding| finding.place + &finding.what)
            .collect()
    }

    #[test]
    fn a_link_leads_to_something_that_is_there() {
        assert_eq!(dead("[a](docs/glossary.md) [b](docs/glossary.md#stop) [c](#here) [d](https://example.org/x)"), [""; 0]);
        assert_eq!(dead("fine\n[a](docs/nothing.md)"), ["README.md:2the link to docs/nothing.md leads nowhere"]);
    }

    #[test]
    fn code_is_not_searched_for_links() {
        assert_eq!(dead("`[a](b)` text\n```\n[a](b)\n```\n"), [""; 0]);
    }
}
