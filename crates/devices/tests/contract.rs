//! Every real kind passes the contract suite. A kind without a stage here fails the test, so none is forgotten.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pandian_devices::suite::{self, Behaviour, Stage};
use pandian_devices::{Camera, Catalog, Crane, TagReader};
use pandian_domain::Code;
use pandian_llrp::parameter::event::{ReaderEventNotificationData, ReaderExceptionEvent};
use rustix::fs::inotify;

#[path = "drivers/ground.rs"]
mod ground;
#[path = "drivers/llrp_peer.rs"]
#[allow(dead_code, reason = "the drivers' tests use the rest")]
mod llrp_peer;
#[path = "drivers/peer.rs"]
#[allow(dead_code, reason = "the drivers' tests use the rest")]
mod peer;

use ground::PNG;
use llrp_peer::{LlrpPeer, event, happening, malformed_report, rospec_id, started};
use peer::{Asked, Peer, Step, arrival, json, query, reply, space_number};

#[tokio::test]
async fn every_crane_keeps_the_contract() {
    for kind in Catalog::real().cranes {
        match kind.name {
            "http" => suite::check(&http_crane().await).await,
            other => panic!("the crane kind \"{other}\" has no stage: give it one"),
        }
    }
}

#[tokio::test]
async fn every_reader_keeps_the_contract() {
    for kind in Catalog::real().readers {
        match kind.name {
            "http" => suite::check(&http_reader().await).await,
            "command" => suite::check(&command_reader()).await,
            "llrp" => suite::check(&llrp_reader().await).await,
            // Its stage needs foreign servers: `celery.rs`.
            "celery" => {}
            other => panic!("the reader kind \"{other}\" has no stage: give it one"),
        }
    }
}

#[tokio::test]
async fn every_camera_keeps_the_contract() {
    for kind in Catalog::real().cameras {
        match kind.name {
            "http" => suite::check(&http_camera().await).await,
            "command" => suite::check(&command_camera()).await,
            "http-snapshot" => suite::check(&snapshot_camera().await).await,
            "onvif" => suite::check(&onvif_camera().await).await,
            "folder" => suite::check(&folder_camera()).await,
            // Its stage needs a foreign server: `rtsp.rs`.
            "rtsp" => {}
            // Its stage needs foreign servers: `celery.rs`.
            "celery" => {}
            other => panic!("the camera kind \"{other}\" has no stage: give it one"),
        }
    }
}

/// A device whose counterpart is an HTTP peer.
struct OverHttp<D: ?Sized> {
    device: Arc<D>,
    peer: Peer,
    behaviour: Arc<Mutex<Behaviour>>,
    location: fn(&Asked) -> String,
    is_crane: bool,
}

async fn over_http<D: ?Sized>(
    well: fn(&Asked) -> Vec<Step>,
    location: fn(&Asked) -> String,
    is_crane: bool,
    build: impl FnOnce(&Peer) -> Arc<D>,
) -> OverHttp<D> {
    let behaviour = Arc::new(Mutex::new(Behaviour::Well));
    let shared = behaviour.clone();
    let peer = Peer::start(move |asked| match *shared.lock().unwrap() {
        _ if asked.method() == "OPTIONS" => vec![Step::Send(b"HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n".to_vec())],
        Behaviour::Well => well(asked),
        Behaviour::Hang => vec![Step::Hang],
        Behaviour::Garbage => json("<html>\u{1b}[2J"),
        Behaviour::Fail => vec![Step::Send(reply("500 Oh", "text/plain", "it\nbroke"))],
        Behaviour::Drop => vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"co".to_vec()), Step::Close],
        Behaviour::Elsewhere => json(arrival("11号")),
        Behaviour::Alarm => json(r#"{"code": 510, "message": "alarm"}"#),
    })
    .await;
    OverHttp { device: build(&peer), peer, behaviour, location, is_crane }
}

impl<D: ?Sized + Send + Sync> Stage<D> for OverHttp<D> {
    fn device(&self) -> Arc<D> {
        self.device.clone()
    }
    fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }
    fn failure(&self, behaviour: Behaviour) -> Option<Code> {
        Some(match behaviour {
            Behaviour::Garbage => Code::DeviceBadReply,
            Behaviour::Fail => Code::DeviceHttpStatus,
            Behaviour::Drop => Code::DeviceDropped,
            Behaviour::Elsewhere if self.is_crane => Code::CraneWrongLocation,
            Behaviour::Alarm if self.is_crane => Code::CraneAlarm,
            _ => return None,
        })
    }
    fn asked(&self) -> Option<Vec<String>> {
        Some(self.peer.asked().iter().map(self.location).collect())
    }
    fn busy(&self) -> usize {
        self.peer.busy()
    }
}

async fn http_crane() -> OverHttp<dyn Crane> {
    let well = |asked: &Asked| json(arrival(&space_number(asked)));
    over_http(well, space_number, true, |peer| {
        let settings = format!("{{ url = \"{}\", alarm_codes = [510] }}", peer.url("/api/smart_check/execute_queue/"));
        ground::crane("http", &settings, &ground::context(".".as_ref()))
    })
    .await
}

fn queried(asked: &Asked) -> String {
    query(asked, "location")
}

async fn http_reader() -> OverHttp<dyn TagReader> {
    over_http(
        |_| json(r#"{"tags": [{"epc": "30AA"}]}"#),
        queried,
        false,
        |peer| {
            let settings = format!("{{ url = \"{}\" }}", peer.url("/tags?location={location}"));
            ground::reader("http", &settings, &ground::context(".".as_ref()))
        },
    )
    .await
}

async fn http_camera() -> OverHttp<dyn Camera> {
    over_http(
        |_| vec![Step::Send(reply("200 OK", "image/png", PNG))],
        queried,
        false,
        |peer| {
            let settings = format!("{{ url = \"{}\" }}", peer.url("/shot?location={location}"));
            ground::camera("http", &settings, &ground::context(".".as_ref()))
        },
    )
    .await
}

/// A camera of a network. It is told of no location, and no two of its pictures are the same.
struct OverNetwork(OverHttp<dyn Camera>);

impl Stage<dyn Camera> for OverNetwork {
    fn device(&self) -> Arc<dyn Camera> {
        self.0.device()
    }
    fn behave(&self, behaviour: Behaviour) {
        self.0.behave(behaviour);
    }
    fn failure(&self, behaviour: Behaviour) -> Option<Code> {
        match behaviour {
            Behaviour::Garbage => Some(Code::CameraBadPicture),
            other => self.0.failure(other),
        }
    }
    fn asked(&self) -> Option<Vec<String>> {
        None
    }
    fn busy(&self) -> usize {
        self.0.busy()
    }
}

async fn snapshot_camera() -> OverNetwork {
    let stage = over_http(
        |_| vec![Step::Send(reply("200 OK", "image/jpeg", new_picture()))],
        |_| String::new(),
        false,
        |peer| {
            let settings = format!("{{ preset = \"axis\", address = \"{}\" }}", peer.address);
            ground::camera("http-snapshot", &settings, &ground::context(".".as_ref()))
        },
    );
    OverNetwork(stage.await)
}

/// Its services behave well in any case: they are asked once.
async fn onvif_camera() -> OverNetwork {
    let services = Peer::start(|asked| {
        let host = asked.header("host").unwrap();
        let pictures = asked.target().trim_start_matches('/');
        let services = format!(
            "<Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace><XAddr>http://{host}/{pictures}</XAddr></Service>"
        );
        let answer = format!("<R>{services}<Profiles token=\"P\"/><Uri>http://127.0.0.1:{pictures}/</Uri></R>");
        vec![Step::Send(reply("200 OK", "text/xml", format!("<E><Body>{answer}</Body></E>")))]
    })
    .await;
    let stage = over_http(
        |_| vec![Step::Send(reply("200 OK", "image/jpeg", new_picture()))],
        |_| String::new(),
        false,
        |peer| {
            let settings = format!("{{ address = \"{}\", service = \"/{}\" }}", services.address, peer.address.port());
            ground::camera("onvif", &settings, &ground::context(".".as_ref()))
        },
    );
    let stage = stage.await;
    // They are at hand as long as the test is.
    std::mem::forget(services);
    OverNetwork(stage)
}

/// A folder that a tool drops a picture into every few milliseconds, and does nothing else wrong than to stop.
struct InDroppedFolder {
    device: Arc<dyn Camera>,
    drops: Arc<AtomicBool>,
    /// Tells when the folder was looked at.
    watch: OwnedFd,
    looked_at: Mutex<Option<Instant>>,
    _folder: tempfile::TempDir,
}

fn folder_camera() -> InDroppedFolder {
    let folder = tempfile::tempdir().unwrap();
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC).unwrap();
    inotify::add_watch(&watch, folder.path(), inotify::WatchFlags::OPEN | inotify::WatchFlags::ONLYDIR).unwrap();
    let drops = Arc::new(AtomicBool::new(false));
    let (path, is_on) = (folder.path().to_owned(), drops.clone());
    tokio::spawn(async move {
        for number in 0.. {
            if is_on.load(Ordering::SeqCst) && std::fs::write(path.join(format!("{number}.png")), new_picture()).is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let settings = format!("{{ folder = \"{}\", remove = true }}", folder.path().display());
    let device = ground::camera("folder", &settings, &ground::context(".".as_ref()));
    InDroppedFolder { device, drops, watch, looked_at: Mutex::default(), _folder: folder }
}

impl Stage<dyn Camera> for InDroppedFolder {
    fn device(&self) -> Arc<dyn Camera> {
        self.device.clone()
    }
    fn behave(&self, behaviour: Behaviour) {
        self.drops.store(behaviour == Behaviour::Well, Ordering::SeqCst);
    }
    fn failure(&self, _: Behaviour) -> Option<Code> {
        None
    }
    fn asked(&self) -> Option<Vec<String>> {
        None
    }
    /// An operation looks at the folder again and again.
    fn busy(&self) -> usize {
        let mut looked_at = self.looked_at.lock().unwrap();
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.watch, &mut buffer);
        while let Ok(event) = events.next() {
            if event.events().contains(inotify::ReadFlags::ISDIR) {
                *looked_at = Some(Instant::now());
            }
        }
        usize::from(looked_at.is_some_and(|at| at.elapsed() < Duration::from_millis(500)))
    }
}

/// A picture that was never there before: cameras may append what they like.
fn new_picture() -> Vec<u8> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    [PNG, &NUMBER.fetch_add(1, Ordering::SeqCst).to_be_bytes()].concat()
}

/// A device whose counterpart is a shell script in a folder; its behaviour stands in the file `behaviour`.
struct InAFolder<D: ?Sized> {
    device: Arc<D>,
    folder: tempfile::TempDir,
}

/// Tells what it was asked and which processes it has, then behaves.
const SCRIPT: &str = r#"
printf '%s\0' "$1" >> asked
: > "alive.$$"
case $(cat behaviour) in
    Well) cat well ;;
    Hang) sleep 1000 & : > "alive.$!"; wait ;;
    Garbage) printf '{"tags": 5, "picture": 5' ;;
    Fail) echo "first words" >&2; printf 'it \033broke' >&2; exit 3 ;;
    Drop) kill -9 $$ ;;
esac
"#;

fn in_a_folder<D: ?Sized>(well: &str, build: impl FnOnce(&std::path::Path) -> Arc<D>) -> InAFolder<D> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.sh"), SCRIPT).unwrap();
    std::fs::write(folder.path().join("well"), well).unwrap();
    std::fs::write(folder.path().join("shot.png"), PNG).unwrap();
    InAFolder { device: build(folder.path()), folder }
}

impl<D: ?Sized + Send + Sync> Stage<D> for InAFolder<D> {
    fn device(&self) -> Arc<D> {
        self.device.clone()
    }
    fn behave(&self, behaviour: Behaviour) {
        std::fs::write(self.folder.path().join("behaviour"), format!("{behaviour:?}")).unwrap();
    }
    fn failure(&self, behaviour: Behaviour) -> Option<Code> {
        match behaviour {
            Behaviour::Garbage => Some(Code::DeviceBadReply),
            Behaviour::Fail | Behaviour::Drop => Some(Code::CommandFailed),
            _ => None,
        }
    }
    fn asked(&self) -> Option<Vec<String>> {
        let asked = std::fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default();
        Some(asked.split_terminator('\0').map(str::to_owned).collect())
    }
    fn busy(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut alive = entries.filter(|name| name.strip_prefix("alive.").is_some_and(ground::is_alive));
        usize::from(alive.next().is_some())
    }
}

fn command_reader() -> InAFolder<dyn TagReader> {
    in_a_folder(r#"{"tags": [{"epc": "30AA"}]}"#, |folder| {
        ground::reader("command", r#"{ command = ["/bin/sh", "script.sh", "{location}"] }"#, &ground::context(folder))
    })
}

fn command_camera() -> InAFolder<dyn Camera> {
    in_a_folder(r#"{"picture": "shot.png"}"#, |folder| {
        ground::camera("command", r#"{ command = ["/bin/sh", "script.sh", "{location}"] }"#, &ground::context(folder))
    })
}

/// A reader whose counterpart is another one. It is told of no location: that is the crane's business.
struct OverLlrp {
    device: Arc<dyn TagReader>,
    peer: LlrpPeer,
}

impl Stage<dyn TagReader> for OverLlrp {
    fn device(&self) -> Arc<dyn TagReader> {
        self.device.clone()
    }
    fn behave(&self, behaviour: Behaviour) {
        let failed = ReaderExceptionEvent { message: "it\nbroke".into(), ..Default::default() };
        let failed = event(ReaderEventNotificationData { reader_exception: Some(failed), ..happening() });
        match behaviour {
            Behaviour::Well | Behaviour::Elsewhere | Behaviour::Alarm => self.peer.script(|_| vec![llrp_peer::Step::Usual]),
            Behaviour::Hang => self.peer.never_end(),
            Behaviour::Garbage => self.peer.upon("START_ROSPEC", |heard| {
                vec![started(), llrp_peer::Step::Bytes(malformed_report()), llrp_peer::Step::Say(llrp_peer::ended(rospec_id(heard)))]
            }),
            Behaviour::Fail => self.peer.upon("START_ROSPEC", move |heard| {
                vec![started(), llrp_peer::Step::Say(failed.clone()), llrp_peer::Step::Say(llrp_peer::ended(rospec_id(heard)))]
            }),
            Behaviour::Drop => self.peer.upon("START_ROSPEC", |_| {
                vec![started(), llrp_peer::Step::Bytes(malformed_report()[..12].to_vec()), llrp_peer::Step::Close]
            }),
        }
    }
    fn failure(&self, behaviour: Behaviour) -> Option<Code> {
        match behaviour {
            Behaviour::Garbage => Some(Code::DeviceBadReply),
            Behaviour::Fail => Some(Code::ReaderException),
            Behaviour::Drop => Some(Code::DeviceDropped),
            _ => None,
        }
    }
    fn asked(&self) -> Option<Vec<String>> {
        None
    }
    fn busy(&self) -> usize {
        self.peer.running()
    }
}

async fn llrp_reader() -> OverLlrp {
    let peer = LlrpPeer::start().await;
    let settings = format!("{{ address = \"{}\", dwell = \"10s\" }}", peer.address);
    OverLlrp { device: ground::reader("llrp", &settings, &ground::context(".".as_ref())), peer }
}
