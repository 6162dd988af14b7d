//! Requests of a user: what a server is shown of user name and password, and when.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use hyper::http::uri::Scheme;
use hyper::{StatusCode, Uri};
use pandian_domain::Code;

use super::challenge::Challenge;
use super::{HttpClient, Reply, Request};
use crate::DeviceError;

/// The most requests of one exchange: unannounced or by what was learnt, with a new nonce, with another because that one was stale.
const MOST_REQUESTS: usize = 3;

/// A user name and its password.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
    /// Whether the password may go out readable, over a connection that is not encrypted.
    pub(crate) allow_basic: bool,
}

/// A user at one server: credentials, and what was learnt of how the server wants to see them.
#[derive(Default)]
pub(crate) struct Login {
    credentials: Option<Credentials>,
    learnt: Mutex<Option<Challenge>>,
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
        Self { credentials, learnt: Mutex::default() }
    }

    /// The credentials.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// How the server wants to see credentials, as far as it has said.
    pub(crate) fn scheme(&self) -> Option<String> {
        self.learnt().as_ref().map(|challenge| match challenge {
            Challenge::Basic => "Basic".to_owned(),
            Challenge::Digest(prompt) => format!("Digest {}", prompt.algorithm),
        })
    }

    /// The `authorization` of a request, by what was learnt. Each counts the nonce up.
    fn authorization(&self, request: &Request<'_>) -> Option<String> {
        let credentials = self.credentials.as_ref()?;
        match self.learnt().as_mut()? {
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
        let refused = match &challenge {
            _ if answered && !is_stale => Some(Refused::Wrong),
            None => Some(Refused::Unknown),
            Some(Challenge::Basic) if !credentials.allow_basic && uri.scheme() != Some(&Scheme::HTTPS) => Some(Refused::Readable),
            Some(_) => None,
        };
        // What was refused once is not shown again unasked: many cameras lock a user out who is wrong too often.
        *self.learnt() = if refused.is_some() { None } else { challenge };
        refused.map_or(Ok(()), Err)
    }

    /// A panic elsewhere cannot leave it half-changed.
    fn learnt(&self) -> MutexGuard<'_, Option<Challenge>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
            learnt.map_err(|refused| {
                DeviceError::new(Code::DeviceHttpStatus, format!("{who} answered HTTP 401: {refused}")).because(refused)
            })?;
            answered = true;
        }
    }
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
}
