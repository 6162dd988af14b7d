//! XML as replies bear it: a small tree, bounded.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// The deepest nesting.
const DEPTH: usize = 64;
/// The most elements.
const ELEMENTS: usize = 50_000;

/// An element. Names are without their prefixes: cameras choose those as they like.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    /// The `token` attribute, the only one that anybody asks for.
    pub(super) token: Option<String>,
    /// Its own text, blanks around it cut off.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

/// What is no XML, or too much of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no XML that is understood: {0}")]
pub(super) struct NotXml(String);

impl Element {
    /// The root element of a text.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, NotXml> {
        let text = std::str::from_utf8(bytes).map_err(|_| NotXml("it is not in UTF-8".to_owned()))?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let mut open: Vec<Self> = Vec::new();
        let mut count = 0;
        loop {
            let event = reader.read_event().map_err(|error| NotXml(error.to_string()))?;
            let closed = match event {
                Event::Start(start) => {
                    open.push(Self::begun(&start));
                    None
                }
                Event::Empty(start) => Some(Self::begun(&start)),
                Event::End(_) => open.pop(),
                Event::Text(text) => {
                    open.last_mut().into_iter().for_each(|element| element.text.push_str(&text.xml10_content()));
                    None
                }
                Event::CData(text) => {
                    open.last_mut().into_iter().for_each(|element| element.text.push_str(&text.xml10_content()));
                    None
                }
                Event::GeneralRef(name) => {
                    let one = name.resolve_char_ref().map_err(|error| NotXml(error.to_string()))?;
                    let text = one.map(String::from).or_else(|| resolve_predefined_entity(&name).map(str::to_owned));
                    let text = text.ok_or_else(|| NotXml("it has an entity that is not known".to_owned()))?;
                    open.last_mut().into_iter().for_each(|element| element.text.push_str(&text));
                    None
                }
                Event::Eof => return Err(NotXml("it ends in the middle".to_owned())),
                _ => None,
            };
            count += usize::from(closed.is_some());
            if open.len() > DEPTH || count > ELEMENTS {
                return Err(NotXml("it has too many elements".to_owned()));
            }
            if let Some(mut element) = closed {
                element.text = element.text.trim().to_owned();
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Ok(element),
                }
            }
        }
    }

    fn begun(start: &BytesStart<'_>) -> Self {
        let token = start.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == "token");
        let token =
            token.and_then(|attribute| attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(|value| value.into_owned()));
        Self { name: start.local_name().as_ref().to_owned(), token, ..Self::default() }
    }

    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of a name.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// What lies under children of these names, one in the other.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_do_not_matter_and_references_are_resolved() {
        let text = "\u{feff}<?xml version=\"1.0\"?><a:R xmlns:a=\"x\"><!-- c --><Uri> http://h/?a=1&amp;b=&#50;<![CDATA[&]]> </Uri>\
                    <b:P token=\"t&quot;1\" fixed='true'/><b:P/></a:R>";
        let root = Element::parse(text.as_bytes()).unwrap();
        assert_eq!((&*root.name, &*root.child("Uri").unwrap().text), ("R", "http://h/?a=1&b=2&"));
        let tokens: Vec<_> = root.named("P").map(|profile| profile.token.as_deref()).collect();
        assert_eq!(tokens, [Some("t\"1"), None]);
        assert_eq!(root.at(&["Uri", "nothing"]), None);
    }

    #[test]
    fn what_is_no_whole_xml_is_refused() {
        let deep = "<a>".repeat(DEPTH + 1);
        let wide = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS + 1));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"&c;&c;\">]><a>&b;</a>";
        for text in ["", "hello", "<a>", "<a></b>", "<a", "<a>&nope;</a>", "<a>&#xFFFFFFFF;</a>", bomb, &deep, &wide] {
            assert!(Element::parse(text.as_bytes()).is_err(), "{}", &text[..text.len().min(40)]);
        }
        assert!(Element::parse(b"<a>\xff</a>").is_err());
    }
}
