//! How a server wants to be shown credentials: `www-authenticate` (RFC 9110, section 11.6.1).

use digest_auth::{Algorithm, AlgorithmType, Charset, Qop, WwwAuthenticateHeader};

/// One challenge that can be answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Challenge {
    /// RFC 7616.
    Digest(Box<WwwAuthenticateHeader>),
    /// RFC 7617.
    Basic,
}

/// A scheme and its parameters, as they stand in the header.
struct Spoken<'a> {
    scheme: &'a str,
    parameters: Vec<(&'a str, String)>,
}

impl Challenge {
    /// The best of all challenges of a reply: digests before Basic, strong ones before weak ones; none if none can be answered. Several
    /// may share a header. What makes no sense is passed over.
    pub(super) fn best(headers: &[Box<str>]) -> Option<Self> {
        let spoken = headers.iter().flat_map(|header| split(header));
        spoken.filter_map(|spoken| spoken.understood()).max_by_key(Self::strength)
    }

    fn strength(&self) -> u8 {
        match self {
            Self::Basic => 0,
            Self::Digest(prompt) => match prompt.algorithm.algo {
                AlgorithmType::MD5 => 1,
                AlgorithmType::SHA2_256 => 2,
                AlgorithmType::SHA2_512_256 => 3,
            },
        }
    }
}

impl Spoken<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn understood(&self) -> Option<Challenge> {
        if self.scheme.eq_ignore_ascii_case("basic") {
            return Some(Challenge::Basic);
        }
        if !self.scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let is_true = |name| self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Some(Challenge::Digest(Box::new(WwwAuthenticateHeader {
            domain: None,
            realm: self.get("realm")?.to_owned(),
            nonce: self.get("nonce")?.to_owned(),
            opaque: self.get("opaque").map(str::to_owned),
            stale: is_true("stale"),
            algorithm: self.get("algorithm").map_or_else(|| Some(Algorithm::default()), algorithm)?,
            qop: self.get("qop").map_or(Some(None), |offered| quality(offered).map(|qop| Some(vec![qop])))?,
            userhash: is_true("userhash"),
            charset: Charset::UTF8,
            nc: 0,
        })))
    }
}

/// Cameras write the names of algorithms in any case.
fn algorithm(name: &str) -> Option<Algorithm> {
    let known = [AlgorithmType::MD5, AlgorithmType::SHA2_256, AlgorithmType::SHA2_512_256];
    let known = known.into_iter().flat_map(|kind| [false, true].map(|is_session| Algorithm::new(kind, is_session)));
    known.into_iter().find(|algorithm| algorithm.to_string().eq_ignore_ascii_case(name))
}

/// `auth` where it is offered: not every server that offers `auth-int` can do it.
fn quality(offered: &str) -> Option<Qop> {
    let offers = |name: &str| offered.split(',').any(|it| it.trim().eq_ignore_ascii_case(name));
    [(Qop::AUTH, "auth"), (Qop::AUTH_INT, "auth-int")].into_iter().find_map(|(qop, name)| offers(name).then_some(qop))
}

/// Splits a header into its challenges: a scheme begins where a word is followed by a blank and a parameter, or by nothing.
fn split(header: &str) -> Vec<Spoken<'_>> {
    let mut challenges: Vec<Spoken<'_>> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace());
        let end = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        if word.is_empty() {
            return challenges;
        }
        match (behind.trim_start().strip_prefix('='), challenges.last_mut()) {
            (Some(value), Some(last)) => {
                let (value, behind) = take_value(value.trim_start());
                last.parameters.push((word, value));
                rest = behind;
            }
            // A value without anything that it belongs to.
            (Some(_), None) => return challenges,
            (None, _) => {
                challenges.push(Spoken { scheme: word, parameters: Vec::new() });
                rest = behind;
            }
        }
    }
}

/// A quoted text with its escapes resolved, or all up to the next comma or blank.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, behind) = text.split_at(text.find(|c: char| c == ',' || c.is_ascii_whitespace()).unwrap_or(text.len()));
        return (value.to_owned(), behind);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

/// RFC 9110, section 5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(headers: &[&str]) -> Option<Challenge> {
        Challenge::best(&headers.iter().map(|header| Box::from(*header)).collect::<Vec<_>>())
    }

    fn digest(header: &str) -> WwwAuthenticateHeader {
        match best(&[header]) {
            Some(Challenge::Digest(prompt)) => *prompt,
            other => panic!("{header}: {other:?}"),
        }
    }

    #[test]
    fn a_digest_is_understood_as_cameras_write_it() {
        let hikvision = digest(r#"Digest qop="auth", realm="DS-2CD2T47", nonce="4e6a:5f", stale="FALSE""#);
        assert_eq!((&*hikvision.realm, &*hikvision.nonce, hikvision.stale), ("DS-2CD2T47", "4e6a:5f", false));
        assert_eq!((hikvision.algorithm, hikvision.qop), (Algorithm::default(), Some(vec![Qop::AUTH])));
        let axis = digest(r#"Digest realm="AXIS_ACCC8E", nonce="aW8=", algorithm=MD5, qop="auth",stale=true"#);
        assert_eq!((&*axis.realm, &*axis.nonce, axis.stale), ("AXIS_ACCC8E", "aW8=", true));
        let odd = digest(r#"digest Realm = "a \"b\", c=d 相机" , NONCE=n,algorithm="sha-256-SESS",qop="auth-int,auth",opaque="""#);
        assert_eq!((&*odd.realm, &*odd.nonce, odd.opaque.as_deref()), (r#"a "b", c=d 相机"#, "n", Some("")));
        assert_eq!((odd.algorithm, odd.qop), (Algorithm::new(AlgorithmType::SHA2_256, true), Some(vec![Qop::AUTH])));
        assert_eq!(digest(r#"Digest realm="r", nonce="n""#).qop, None);
    }

    #[test]
    fn the_strongest_challenge_is_answered() {
        let (basic, md5, sha) =
            (r#"Basic realm="r""#, r#"Digest realm="r", nonce="md5""#, r#"Digest realm="r",nonce="sha",algorithm=SHA-256"#);
        let nonce = |headers: &[&str]| match best(headers) {
            Some(Challenge::Digest(prompt)) => prompt.nonce,
            Some(Challenge::Basic) => "basic".to_owned(),
            None => "none".to_owned(),
        };
        assert_eq!(nonce(&[basic, md5]), "md5");
        assert_eq!(nonce(&[sha, md5]), "sha");
        assert_eq!(nonce(&[&format!("{md5}, {sha}, {basic}")]), "sha");
        assert_eq!(nonce(&[&format!("Negotiate, NTLM, {basic}, Bearer")]), "basic");
        assert_eq!(nonce(&[r#"Digest realm="r", nonce="x", algorithm=TOKEN"#, md5]), "md5");
        assert_eq!(nonce(&[r#"Digest realm="r", nonce="x", qop="other""#, "Digest", "Bearer"]), "none");
    }

    #[test]
    fn what_makes_no_sense_is_passed_over() {
        for header in
            ["", ",,,", "=", "realm=\"x\"", "Digest realm=\"", "Digest realm=\"\\", "Digest \u{0}", "相机 realm=x", "\"\"", "Digest =,="]
        {
            assert_eq!(best(&[header]), None, "{header:?}");
        }
    }
}
