//! The pages of the error codes, compiled in.

use pandian_domain::Code;

use crate::words::Lang;

include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

/// The mark that separates the English half of a page from the Chinese one.
const CHINESE_BELOW: &str = "<!-- zh -->";

/// The page of a code.
pub fn page(code: Code, lang: Lang) -> Option<&'static str> {
    let (_, text) = PAGES.iter().find(|(name, _)| *name == code.as_str())?;
    let (english, chinese) = text.split_once(CHINESE_BELOW).unwrap_or((text, text));
    Some(match lang {
        Lang::En => english.trim(),
        Lang::Zh => chinese.trim(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_in_both_languages_and_every_page_a_code() {
        for code in Code::ALL {
            let english = page(*code, Lang::En).unwrap_or_else(|| panic!("docs/errors/{code}.md is missing"));
            let chinese = page(*code, Lang::Zh).unwrap_or_default();
            assert!(english.starts_with(&format!("# {code}")), "docs/errors/{code}.md does not begin with its code");
            assert!(english != chinese && chinese.chars().any(|c| c > '\u{4e00}'), "docs/errors/{code}.md has no Chinese half");
        }
        for (name, _) in PAGES {
            assert!(name.parse::<Code>().is_ok(), "docs/errors/{name}.md belongs to no code");
        }
    }
}
