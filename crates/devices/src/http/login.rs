//! Requests of a user: what a server is shown of user name and password, and when.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use hyper::http::uri::Scheme;
use hyper::{StatusCode, Uri};
use pandian_domain::Code;
use tokio::time::Instant;

use super::challenge::Challenge;
use super::connect::Origin;
use super::{HttpClient, Reply, Request};
use crate::{DeviceError, Period};

/// The most requests of one exchange: unannounced or by what was learnt, with a new nonce, with another because that one was stale.
const MOST_REQUESTS: usize = 3;

/// How long wrong credentials are not shown again. They come from the configuration and do not get better; cameras lock a user out for half
/// an hour who was wrong some five times within it, and this is three times.
const WRONG_FOR: Duration = Duration::from_secs(600);
/// The most servers of one device that are told apart: an ONVIF camera names its services as it likes.
const MOST_ORIGINS: usize = 16;

/// A user name and its password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
    /// Whether the password may go out readable, over a connection that is not encrypted.
    pub(crate) allow_basic: bool,
}

/// A user at one device: credentials, and what was learnt of how its servers want to see them.
#[derive(Default)]
pub(crate) struct Login {
    credentials: Option<Credentials>,
    learnt: Mutex<HashMap<Origin, Challenge>>,
    wrong_until: Mutex<Option<Instant>>,
}

/// Why credentials are not shown, or did not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The server wants some, and there are none.
    #[error("it wants a user name and a password: give `user` and `password`")]
    Unnamed,
    /// They are wrong.
    #[error("it refuses user name or password")]
    Wrong,
    /// They were wrong not long ago.
    #[error("it refused user name or password, and is left alone for another {0}: cameras lock out who is wrong too often")]
    WrongBefore(Period),
    /// They would be readable on the way.
    #[error("it takes the password readable only (Basic): use https, or say allow_basic = true where the network is trusted")]
    Readable,
    /// No scheme that is spoken here.
    #[error("it asks for credentials in no way that is known here (Digest, Basic)")]
    Unknown,
}

impl Login {
    /// A user, or nobody.
    pub(crate) fn new(credentials: Option<Credentials>) -> Self {
        Self { credentials, ..Self::default() }
    }

    /// The credentials.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// How a server wants to see credentials, as far as it has said.
    pub(crate) fn scheme(&self, uri: &Uri) -> Option<String> {
        lock(&self.learnt).get(&Origin::of(uri)?).map(|challenge| match challenge {
            Challenge::Basic => "Basic".to_owned(),
            Challenge::Digest(prompt) => format!("Digest {}", prompt.algorithm),
        })
    }

    /// Whether the device may be asked at all: not soon after it refused the credentials.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        let left = lock(&self.wrong_until).and_then(|until| until.checked_duration_since(Instant::now())).filter(|left| !left.is_zero());
        left.map_or(Ok(()), |left| Err(Refused::WrongBefore(Period(Duration::from_secs(left.as_secs() + 1)))))
    }

    /// The device refused the credentials.
    pub(crate) fn was_wrong(&self) {
        *lock(&self.wrong_until) = Some(Instant::now() + WRONG_FOR);
    }

    /// The `authorization` of a request, by what was learnt. Each counts the nonce up.
    fn authorization(&self, request: &Request<'_>) -> Option<String> {
        let credentials = self.credentials.as_ref()?;
        match lock(&self.learnt).get_mut(&Origin::of(request.uri)?)? {
            Challenge::Basic if !credentials.may_be_readable(request.uri) => None,
            Challenge::Basic => {
                let shown = STANDARD.encode(format!("{}:{}", credentials.user, credentials.password));
                Some(format!("Basic {shown}"))
            }
            Challenge::Digest(prompt) => respond(prompt, credentials, request),
        }
    }

    /// Learns from a reply 401 what to show next. `answered`: what the request showed was an answer to a challenge of this exchange.
    fn learn(&self, uri: &Uri, challenges: &[Box<str>], answered: bool) -> Result<(), Refused> {
        let challenge = Challenge::best(challenges);
        let credentials = self.credentials.as_ref().ok_or(Refused::Unnamed)?;
        let is_stale = matches!(&challenge, Some(Challenge::Digest(prompt)) if prompt.stale);
        let learnt = match challenge {
            _ if answered && !is_stale => Err(Refused::Wrong),
            None => Err(Refused::Unknown),
            Some(Challenge::Basic) if !credentials.may_be_readable(uri) => Err(Refused::Readable),
            Some(challenge) => Ok(challenge),
        };
        if learnt == Err(Refused::Wrong) {
            self.was_wrong();
        }
        let Some(origin) = Origin::of(uri) else { return learnt.map(drop) };
        let mut known = lock(&self.learnt);
        // What was refused once is not shown again unasked.
        known.remove(&origin);
        if known.len() == MOST_ORIGINS {
            known.clear();
        }
        learnt.map(|challenge| drop(known.insert(origin, challenge)))
    }
}

impl Credentials {
    /// Whether the password may go there for everybody on the way to read.
    fn may_be_readable(&self, uri: &Uri) -> bool {
        self.allow_basic || uri.scheme() == Some(&Scheme::HTTPS)
    }
}

/// A panic elsewhere cannot leave it half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn respond(prompt: &mut WwwAuthenticateHeader, credentials: &Credentials, request: &Request<'_>) -> Option<String> {
    let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
    let method = HttpMethod::from(request.method);
    let context = AuthContext::new_with_method(&credentials.user, &credentials.password, target, Some(request.body), method);
    prompt.respond(&context).ok().map(|header| header.to_string())
}

/// Answers challenges. What is answered stays one line, whatever stood in them; a failed check panics.
#[cfg(feature = "suite")]
pub(super) fn check_answers(challenges: &[Box<str>]) {
    let login = Login::new(Some(Credentials { user: "user".to_owned(), password: "password".to_owned(), allow_basic: true }));
    let uri = Uri::from_static("http://h/p?q");
    let url = super::HttpUrl::parse("http://h/p?q");
    let (Ok(()), Ok(url)) = (login.learn(&uri, challenges, false), url) else { return };
    let headers = super::HeaderLines::of(&url);
    let shown = login.authorization(&Request { method: "GET", uri: &uri, headers: &headers, key: "", body: b"" });
    assert!(shown.is_some_and(|shown| !shown.contains(['\r', '\n'])));
}

impl HttpClient {
    /// Sends a request as [`send`](Self::send) does, with credentials where the server asks for them. What the server said is
    /// remembered, so that the next request needs no second one.
    pub(crate) async fn send_as(&self, login: &Login, who: &str, request: Request<'_>, bound: usize) -> Result<Reply, DeviceError> {
        login.check().map_err(|refused| not_let_in(who, "is not asked", refused))?;
        let mut answered = false;
        let mut asked = 0;
        loop {
            let shown = login.authorization(&request).map(|shown| request.headers.with("authorization", &shown));
            let headers = shown.as_ref().unwrap_or(request.headers);
            let reply = self.send(who, Request { headers, ..request }, bound).await?;
            asked += 1;
            if reply.status != StatusCode::UNAUTHORIZED {
                return Ok(reply);
            }
            let learnt = login.learn(request.uri, &reply.headers.challenges, answered);
            let learnt = if asked < MOST_REQUESTS { learnt } else { learnt.and(Err(Refused::Wrong)) };
            learnt.map_err(|refused| not_let_in(who, "answered HTTP 401", refused))?;
            answered = true;
        }
    }
}

/// A device does not let its user in; `what` it did comes before the reason.
pub(crate) fn not_let_in(who: &str, what: &str, refused: Refused) -> DeviceError {
    DeviceError::new(Code::DeviceHttpStatus, format!("{who} {what}: {refused}")).because(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{HeaderLines, HttpUrl};

    const USER: &str = "Mufasa";

    fn login(allow_basic: bool) -> Login {
        Login::new(Some(Credentials { user: USER.to_owned(), password: "Circle of Life".to_owned(), allow_basic }))
    }

    /// What a request to this URL shows.
    fn shown(login: &Login, url: &str) -> Option<String> {
        let url = HttpUrl::parse(url).unwrap();
        let headers = HeaderLines::of(&url);
        login.authorization(&Request { method: "GET", uri: url.uri(), headers: &headers, key: "", body: b"" })
    }

    fn learn(login: &Login, url: &str, challenge: &str, answered: bool) -> Result<(), Refused> {
        login.learn(HttpUrl::parse(url).unwrap().uri(), &[challenge.into()], answered)
    }

    #[test]
    fn a_digest_counts_its_nonce_and_names_target_and_user() {
        let login = login(false);
        assert_eq!(shown(&login, "http://h/p"), None, "nothing is shown unasked");
        learn(&login, "http://h/p", r#"Digest realm="r", nonce="n", qop="auth""#, false).unwrap();
        for count in ["nc=00000001", "nc=00000002"] {
            let shown = shown(&login, "http://h/p?a=b").unwrap();
            assert!(shown.starts_with(r#"Digest username="Mufasa", realm="r", nonce="n", uri="/p?a=b", qop=auth"#), "{shown}");
            assert!(shown.contains(count) && !shown.contains("Circle"), "{shown}");
        }
    }

    #[test]
    fn the_examples_of_the_standard_come_out() {
        // RFC 7616, section 3.9.1.
        for (algorithm, response) in
            [("MD5", "8ca523f5e9506fed4657c9700eebdbec"), ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
        {
            let challenge = format!(
                r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},
                nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
            );
            let Some(Challenge::Digest(mut prompt)) = Challenge::best(&[challenge.into()]) else { panic!("it is a digest") };
            let mut context = AuthContext::new(USER, "Circle of Life", "/dir/index.html");
            context.set_custom_cnonce("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
            assert_eq!(prompt.respond(&context).unwrap().response, response, "{algorithm}");
        }
    }

    #[test]
    fn a_password_goes_out_readable_only_encrypted_or_where_that_is_allowed() {
        let (plain, encrypted) = ("http://h/", "https://h/");
        let basic = r#"Basic realm="r""#;
        assert_eq!(learn(&login(false), plain, basic, false), Err(Refused::Readable));
        for (login, url) in [(login(false), encrypted), (login(true), plain)] {
            learn(&login, url, basic, false).unwrap();
            assert_eq!(shown(&login, url).unwrap(), "Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl");
        }
        assert_eq!(learn(&Login::default(), plain, basic, false), Err(Refused::Unnamed));
        assert_eq!(learn(&login(true), plain, "Negotiate", false), Err(Refused::Unknown));
    }

    #[test]
    fn an_answer_that_is_refused_is_wrong_unless_its_nonce_was_stale() {
        let login = login(false);
        let (fresh, stale) = (r#"Digest realm="r", nonce="n""#, r#"Digest realm="r", nonce="m", stale=true"#);
        learn(&login, "http://h/", fresh, false).unwrap();
        learn(&login, "http://h/", stale, true).unwrap();
        assert!(shown(&login, "http://h/").unwrap().contains(r#"nonce="m""#));
        assert_eq!(learn(&login, "http://h/", fresh, true), Err(Refused::Wrong));
        assert_eq!(shown(&login, "http://h/"), None);
    }

    #[test]
    fn what_was_learnt_of_one_server_is_shown_to_no_other() {
        let login = login(false);
        learn(&login, "https://h/", r#"Basic realm="r""#, false).unwrap();
        assert!(shown(&login, "https://h/p").is_some());
        for other in ["http://h/p", "https://h:8443/p", "https://other/p"] {
            assert_eq!(shown(&login, other), None, "{other}");
        }
        // Whatever was learnt how: the rule is held against the request itself.
        let plain = Origin::of(HttpUrl::parse("http://h/").unwrap().uri()).unwrap();
        lock(&login.learnt).insert(plain, Challenge::Basic);
        assert_eq!(shown(&login, "http://h/p"), None);
    }

    #[test]
    fn the_servers_of_a_device_are_bounded() {
        let login = login(true);
        for port in 1..100 {
            learn(&login, &format!("http://h:{port}/"), r#"Basic realm="r""#, false).unwrap();
        }
        assert!(lock(&login.learnt).len() <= MOST_ORIGINS);
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_credentials_are_not_shown_again_for_some_minutes() {
        let login = login(true);
        let basic = r#"Basic realm="r""#;
        learn(&login, "http://h/", basic, false).unwrap();
        assert_eq!(login.check(), Ok(()));
        assert_eq!(learn(&login, "http://h/", basic, true), Err(Refused::Wrong));
        tokio::time::advance(Duration::from_secs(599)).await;
        assert_eq!(login.check(), Err(Refused::WrongBefore(Period::from_millis(2000))));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(login.check(), Ok(()));
    }
}
