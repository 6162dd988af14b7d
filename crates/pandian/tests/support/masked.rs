//! What differs from run to run, left out of texts that are kept in snapshots.

/// The text with ids, digests, instants, ports, measured milliseconds and the path of `folder` replaced by their names.
pub(crate) fn masked(text: &str, folder: &std::path::Path) -> String {
    let text = text.replace(&folder.display().to_string(), "[folder]");
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        if end == 0 {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (token, after) = rest.split_at(end);
        shown.push_str(&mask(token, after));
        rest = after;
    }
    shown
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.')
}

fn mask(token: &str, after: &str) -> String {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts: Vec<&str> = token.split('-').collect();
    if token.len() == 64 && is_hex(token) {
        "[hash]".into()
    } else if parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| is_hex(part)) {
        "[id]".into()
    } else if token.starts_with("20") && token.ends_with('Z') && token.contains('T') {
        "[time]".into()
    } else if token.starts_with("127.0.0.1:") {
        "127.0.0.1:[port]".into()
    } else if after.starts_with(" ms") && token.bytes().all(|byte| byte.is_ascii_digit()) {
        "[n]".into()
    } else {
        token.into()
    }
}
