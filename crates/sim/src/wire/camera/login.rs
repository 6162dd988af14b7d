//! Who may see a camera's pictures: HTTP basic and digest access authentication (RFC 7617, RFC 7616), with nonces that wear out.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use digest_auth::{AlgorithmType, AuthContext, AuthorizationHeader, Qop};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use crate::seed::{Draw, Seed};

/// Who may ask, and how they show that they know the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
    /// What is offered, in this order.
    pub schemes: Vec<Scheme>,
    /// So many requests are taken with one nonce; the next is told to take a new one (`stale=true`).
    pub nonce_uses: u32,
    /// After so many wrong answers in a row nobody is let in any more, as of many cameras.
    pub lockout: Option<u32>,
}

/// A way to show that one knows a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// The password itself.
    Basic,
    /// A digest made with MD5.
    DigestMd5,
    /// A digest made with SHA-256.
    DigestSha256,
}

impl Account {
    /// An account that takes either digest, as today's cameras do.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        let schemes = vec![Scheme::DigestSha256, Scheme::DigestMd5];
        Self { user: user.into(), password: password.into(), schemes, nonce_uses: 30, lockout: None }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("user", &self.user).field("schemes", &self.schemes).finish_non_exhaustive()
    }
}

/// How many nonces are remembered; older ones are worn out.
const NONCES: usize = 32;

/// The door of one camera.
#[derive(Debug)]
pub(super) struct Door {
    account: Account,
    realm: String,
    seed: Seed,
    nonces: Mutex<Nonces>,
    /// Wrong answers in a row.
    wrong: AtomicU32,
}

#[derive(Debug, Default)]
struct Nonces {
    given: u64,
    known: VecDeque<Nonce>,
}

#[derive(Debug)]
struct Nonce {
    text: String,
    uses: u32,
    /// The highest count that a request with it bore.
    count: u32,
}

/// Why a request does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Barred {
    /// It shows no password, or a wrong one.
    Stranger,
    /// It knows the password, but its nonce is worn out.
    Stale,
}

impl Door {
    /// The door of the camera that calls itself so.
    pub(super) fn new(account: Account, realm: String, seed: Seed) -> Self {
        Self { account, realm, seed, nonces: Mutex::default(), wrong: AtomicU32::new(0) }
    }

    /// The account.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// Whether a request may come in: its method, its target byte for byte, and its headers.
    pub(super) fn check(&self, method: &str, target: &str, headers: &HeaderMap) -> Result<(), Barred> {
        // Text of a header is ASCII, which the parser below relies on.
        let shown = headers.get(AUTHORIZATION).and_then(|shown| shown.to_str().ok()).ok_or(Barred::Stranger)?;
        if self.account.lockout.is_some_and(|most| self.wrong.load(Ordering::Relaxed) >= most) {
            return Err(Barred::Stranger);
        }
        let checked = self.check_shown(method, target, shown);
        match checked {
            Ok(()) => self.wrong.store(0, Ordering::Relaxed),
            Err(Barred::Stranger) => drop(self.wrong.fetch_add(1, Ordering::Relaxed)),
            Err(Barred::Stale) => {}
        }
        checked
    }

    fn check_shown(&self, method: &str, target: &str, shown: &str) -> Result<(), Barred> {
        let (scheme, shown) = shown.trim().split_once(' ').ok_or(Barred::Stranger)?;
        if scheme.eq_ignore_ascii_case("basic") {
            return self.check_basic(shown.trim());
        }
        if !scheme.eq_ignore_ascii_case("digest") {
            return Err(Barred::Stranger);
        }
        let digest = AuthorizationHeader::parse(shown).map_err(|_| Barred::Stranger)?;
        self.check_digest(method, target, &digest)
    }

    fn check_basic(&self, shown: &str) -> Result<(), Barred> {
        let Account { user, password, schemes, .. } = &self.account;
        let wanted = BASE64_STANDARD.encode(format!("{user}:{password}"));
        (schemes.contains(&Scheme::Basic) && shown == wanted).then_some(()).ok_or(Barred::Stranger)
    }

    fn check_digest(&self, method: &str, target: &str, digest: &AuthorizationHeader) -> Result<(), Barred> {
        let Account { user, password, schemes, .. } = &self.account;
        let scheme = match digest.algorithm.algo {
            AlgorithmType::MD5 => Scheme::DigestMd5,
            AlgorithmType::SHA2_256 => Scheme::DigestSha256,
            AlgorithmType::SHA2_512_256 => return Err(Barred::Stranger),
        };
        let fits = schemes.contains(&scheme)
            && !digest.algorithm.sess
            && digest.qop == Some(Qop::AUTH)
            && (digest.realm == self.realm && digest.username == *user && digest.uri == target);
        let mut wanted = digest.clone();
        wanted.digest(&AuthContext::new_with_method(user, password, target, None::<&[u8]>, method.into()));
        if !fits || !wanted.response.eq_ignore_ascii_case(&digest.response) {
            return Err(Barred::Stranger);
        }
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let known = nonces.known.iter_mut().find(|nonce| nonce.text == digest.nonce).ok_or(Barred::Stale)?;
        if known.uses >= self.account.nonce_uses || digest.nc <= known.count {
            return Err(Barred::Stale);
        }
        (known.uses, known.count) = (known.uses + 1, digest.nc);
        Ok(())
    }

    /// What a request is told that may not come in: a line for each scheme. All share a new nonce.
    pub(super) fn challenges(&self, barred: Barred) -> Vec<HeaderValue> {
        let (realm, nonce) = (&self.realm, self.new_nonce());
        let stale = if barred == Barred::Stale { ", stale=true" } else { "" };
        let digest = |algorithm| format!("Digest realm=\"{realm}\", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\"{stale}");
        let line = |scheme: &Scheme| match scheme {
            Scheme::Basic => format!("Basic realm=\"{realm}\", charset=\"UTF-8\""),
            Scheme::DigestMd5 => digest("MD5"),
            Scheme::DigestSha256 => digest("SHA-256"),
        };
        self.account.schemes.iter().filter_map(|scheme| HeaderValue::try_from(line(scheme)).ok()).collect()
    }

    /// Forgets what it gave out, as a camera does that starts anew.
    pub(super) fn forget(&self) {
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner).known.clear();
        self.wrong.store(0, Ordering::Relaxed);
    }

    fn new_nonce(&self) -> String {
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.given += 1;
        let text = format!("{:016x}{:016x}", self.seed.bits(Draw::Nonce, nonces.given), nonces.given);
        nonces.known.push_back(Nonce { text: text.clone(), uses: 0, count: 0 });
        if nonces.known.len() > NONCES {
            nonces.known.pop_front();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A door whose only nonce is that of the examples of RFC 7616, section 3.9.1.
    fn door(user: &str, password: &str, schemes: &[Scheme]) -> Door {
        let account = Account { schemes: schemes.to_vec(), nonce_uses: 2, ..Account::new(user, password) };
        let door = Door::new(account, "http-auth@example.org".into(), Seed(1));
        let text = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".to_owned();
        door.nonces.lock().unwrap().known.push_back(Nonce { text, uses: 0, count: 0 });
        door
    }

    fn asked(door: &Door, target: &str, authorization: &str) -> Result<(), Barred> {
        let headers = [(AUTHORIZATION, HeaderValue::try_from(authorization).unwrap())].into_iter().collect();
        door.check("GET", target, &headers)
    }

    fn of_rfc(algorithm: &str, count: u32, response: &str) -> String {
        format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc={count:08x}, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    }

    const MD5: &str = "8ca523f5e9506fed4657c9700eebdbec";
    const SHA256: &str = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";

    #[test]
    fn the_examples_of_the_standard_come_in_once() {
        for (scheme, name, response) in [(Scheme::DigestMd5, "MD5", MD5), (Scheme::DigestSha256, "SHA-256", SHA256)] {
            let door = door("Mufasa", "Circle of Life", &[scheme]);
            assert_eq!(asked(&door, "/dir/index.html", &of_rfc(name, 1, response)), Ok(()));
            assert_eq!(asked(&door, "/dir/index.html", &of_rfc(name, 1, response)), Err(Barred::Stale), "the same count again");
            assert_eq!(
                asked(&door, "/dir/index.html", &of_rfc(name, 2, response)),
                Err(Barred::Stranger),
                "another count, the same digest"
            );
            assert_eq!(asked(&door, "/dir/other.html", &of_rfc(name, 1, response)), Err(Barred::Stranger));
        }
    }

    #[test]
    fn a_wrong_password_user_or_scheme_stays_out() {
        let digest = of_rfc("MD5", 1, MD5);
        for (user, password, scheme) in [
            ("Mufasa", "Circle of Strife", Scheme::DigestMd5),
            ("Scar", "Circle of Life", Scheme::DigestMd5),
            ("Mufasa", "Circle of Life", Scheme::DigestSha256),
            ("Mufasa", "Circle of Life", Scheme::Basic),
        ] {
            assert_eq!(asked(&door(user, password, &[scheme]), "/dir/index.html", &digest), Err(Barred::Stranger));
        }
        let door = door("Mufasa", "Circle of Life", &[Scheme::DigestMd5]);
        for text in ["", "Digest", "Digest ", "Digest =", "Digest username=\"", "Bearer x", "Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl"] {
            assert_eq!(asked(&door, "/dir/index.html", text), Err(Barred::Stranger), "{text}");
        }
        let headers = [(AUTHORIZATION, HeaderValue::from_bytes("Digest é=\"1\", ü=2".as_bytes()).unwrap())].into_iter().collect();
        assert_eq!(door.check("GET", "/", &headers), Err(Barred::Stranger));
    }

    #[test]
    fn the_password_itself_is_enough_where_that_is_offered() {
        let door = door("admin", "pass:word", &[Scheme::Basic]);
        assert_eq!(asked(&door, "/", "Basic YWRtaW46cGFzczp3b3Jk"), Ok(()));
        assert_eq!(asked(&door, "/", "basic YWRtaW46cGFzcw=="), Err(Barred::Stranger));
        assert_eq!(door.challenges(Barred::Stranger), ["Basic realm=\"http-auth@example.org\", charset=\"UTF-8\""]);
    }

    #[test]
    fn every_challenge_has_a_new_nonce_and_says_whether_the_old_one_is_worn_out() {
        let door = door("admin", "secret", &[Scheme::DigestSha256, Scheme::DigestMd5]);
        let [first, second] = [Barred::Stranger, Barred::Stale].map(|barred| door.challenges(barred));
        assert_eq!(first.len(), 2);
        assert!(
            !first[0].to_str().unwrap().contains("stale") && second[1].to_str().unwrap().ends_with("stale=true"),
            "{first:?} {second:?}"
        );
        assert!(first.iter().all(|line| !second.contains(line)));
        assert!(door.nonces.lock().unwrap().known.len() <= NONCES);
    }
}
