//! Serving simulated devices where a warehouse's configuration expects real ones.

use std::any::Any;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use pandian_devices::camera::http::HttpCameraSettings;
use pandian_devices::camera::http_snapshot::HttpSnapshotSettings;
use pandian_devices::camera::onvif::OnvifSettings;
use pandian_devices::crane::http::{HttpCraneSettings, Mode};
use pandian_devices::http::HttpUrl;
use pandian_devices::reader::http::HttpReaderSettings;
use pandian_devices::reader::llrp::LlrpReaderSettings;
use pandian_domain::{Code, CraneId, Side};
use pandian_engine::Clock;
use pandian_sim::SimulationSettings;
use pandian_sim::wire::{CraneRoute, LlrpReaderSpec, Manner, Route, ServerSpec, Serves};

use self::cameras::WantedCamera;
use crate::config::{ConfiguredCrane, Warehouse};
use crate::fault::Fault;

mod cameras;

/// The servers that answer for a warehouse's devices of kinds `http`, `llrp`, `http-snapshot` and `onvif`, one an address. With `listen`, all
/// devices of kind `http` are served there, and each of the others at the same IP address: at its own port, or at a free one if `listen` asks
/// for that.
pub fn servers(warehouse: &Warehouse, listen: Option<SocketAddr>) -> Result<Vec<ServerSpec>, Fault> {
    let mut servers = Servers { listen, specs: Vec::new(), readers: Vec::new(), cameras: Vec::new() };
    for crane in &warehouse.cranes {
        servers.serve(warehouse, crane)?;
    }
    if servers.specs.is_empty() {
        let message = format!(
            "{}: no device of kind \"http\", \"llrp\", \"http-snapshot\" or \"onvif\" on this machine: there is nothing to serve",
            warehouse.file.display()
        );
        return Err(Fault::new(Code::ConfigInvalid, message));
    }
    Ok(servers.specs)
}

struct Servers {
    listen: Option<SocketAddr>,
    specs: Vec<ServerSpec>,
    readers: Vec<KnownReader>,
    /// The addresses of cameras with paths of their own, as they are configured, and their places among the servers.
    cameras: Vec<(String, usize)>,
}

impl Servers {
    fn serve(&mut self, warehouse: &Warehouse, crane: &ConfiguredCrane) -> Result<(), Fault> {
        let device: &dyn Any = &*crane.device;
        if let Some(settings) = device.downcast_ref::<HttpCraneSettings>() {
            let route = crane_route(warehouse, crane, settings)?;
            self.add(&settings.url, route)?;
        }
        for (side, reader) in crane.reader.iter() {
            let reader: &dyn Any = &**reader;
            if let Some(settings) = reader.downcast_ref::<HttpReaderSettings>() {
                self.add(settings.url.base(), Route::Readers)?;
            }
            if let Some(settings) = reader.downcast_ref::<LlrpReaderSettings>() {
                self.add_reader(&crane.id, side, settings, warehouse.simulation.as_ref())?;
            }
        }
        for (side, camera) in crane.camera.iter() {
            let camera: &dyn Any = &**camera;
            if let Some(settings) = camera.downcast_ref::<HttpSnapshotSettings>() {
                self.add_camera(WantedCamera::snapshot(&crane.id, side, settings)?)?;
            }
            if let Some(settings) = camera.downcast_ref::<OnvifSettings>() {
                self.add_camera(WantedCamera::onvif(&crane.id, side, settings)?)?;
            }
            if let Some(settings) = camera.downcast_ref::<HttpCameraSettings>() {
                self.add(settings.url.base(), Route::Cameras)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, url: &HttpUrl, route: Route) -> Result<(), Fault> {
        let listen = match self.listen {
            Some(listen) => listen,
            None => address_of(url)?,
        };
        let is_taken = |spec: &ServerSpec| listen.port() != 0 && spec.listen == listen && matches!(spec.serves, Serves::Llrp(_));
        if self.specs.iter().any(is_taken) {
            let message = format!("{}: a reader of kind \"llrp\" has this address", url.shown());
            return Err(Fault::new(Code::ConfigInvalid, message));
        }
        let is_shared = |routes: &[Route]| listen.port() != 0 || !routes.iter().any(|route| matches!(route, Route::Camera(_)));
        let routes = self.specs.iter_mut().find_map(|spec| match &mut spec.serves {
            Serves::Http(routes) if spec.listen == listen && is_shared(routes) => Some(routes),
            _ => None,
        });
        let Some(routes) = routes else {
            self.specs.push(ServerSpec { listen, serves: Serves::Http(vec![route]) });
            return Ok(());
        };
        let there = match &route {
            Route::Crane(new) => routes.iter().any(|route| matches!(route, Route::Crane(known) if known.path == new.path)),
            Route::Readers => routes.iter().any(|route| matches!(route, Route::Readers)),
            Route::Cameras => routes.iter().any(|route| matches!(route, Route::Cameras)),
            Route::Camera(_) => false,
        };
        match route {
            Route::Crane(new) if there => {
                let message = format!(
                    "crane {}: its address {} is another crane's already; cranes that share one are a dispatcher",
                    new.crane,
                    url.shown()
                );
                return Err(Fault::new(Code::ConfigInvalid, message));
            }
            _ if there => {}
            route => routes.push(route),
        }
        Ok(())
    }

    /// Adds a reader of kind `llrp`. The readers of both sides of a crane may be one, with an antenna for either.
    fn add_reader(
        &mut self,
        crane: &CraneId,
        side: Option<Side>,
        settings: &LlrpReaderSettings,
        simulation: Option<&SimulationSettings>,
    ) -> Result<(), Fault> {
        let (host, port) = (settings.address.host(), settings.address.port(settings.tls.is_some()));
        let refuse = |why: &str| Fault::new(Code::ConfigInvalid, format!("the reader of crane {crane} at {host}:{port}: {why}"));
        if settings.tls.is_some() {
            return Err(refuse("the simulator has no certificate for it: take `tls` out to rehearse"));
        }
        let listen = match self.listen {
            Some(listen) => SocketAddr::new(listen.ip(), if listen.port() == 0 { 0 } else { port }),
            None => SocketAddr::new(loopback(host).ok_or_else(|| refuse(ELSEWHERE))?, port),
        };
        let name = format!("{host}:{port}");
        if let Some(known) = self.readers.iter().find(|known| known.name == name) {
            if known.crane != *crane {
                return Err(refuse(&format!("it is the reader of crane {} already", known.crane)));
            }
            if let Some(ServerSpec { serves: Serves::Llrp(reader), .. }) = self.specs.get_mut(known.place) {
                reader.side = None;
            }
            return Ok(());
        }
        if listen.port() != 0 && self.specs.iter().any(|spec| spec.listen == listen) {
            return Err(refuse("another device has this address"));
        }
        self.readers.push(KnownReader { name, crane: crane.clone(), place: self.specs.len() });
        let flavour = simulation.map(|simulation| simulation.reader_flavour).unwrap_or_default();
        let reader = LlrpReaderSpec { side, flavour, started_at: Some(Clock::System.now()), ..LlrpReaderSpec::new(crane.clone()) };
        self.specs.push(ServerSpec { listen, serves: Serves::Llrp(reader) });
        Ok(())
    }
}

/// A reader of kind `llrp` that is served already.
struct KnownReader {
    /// Its address, as it is configured.
    name: String,
    crane: CraneId,
    /// Its place among the servers.
    place: usize,
}

const ELSEWHERE: &str = "this is not an address of this machine's loopback; give --listen ADDRESS to serve it elsewhere";

fn crane_route(warehouse: &Warehouse, crane: &ConfiguredCrane, settings: &HttpCraneSettings) -> Result<Route, Fault> {
    let manner = match settings.mode {
        Mode::Sync => Manner::Reply,
        Mode::Poll => {
            // With its placeholder left empty, the address of a task is that of all tasks.
            Manner::Poll { tasks: settings.poll_url.as_ref().map(|url| url.base().uri().path().to_owned()).unwrap_or_default() }
        }
        Mode::Callback => {
            let missing = || Fault::new(Code::ConfigInvalid, format!("crane {} calls back, but there is no [callbacks] table", crane.id));
            let callbacks = warehouse.callbacks.as_ref().ok_or_else(missing)?;
            let secret = callbacks.secret_env.as_ref().and_then(|name| std::env::var(name).ok());
            Manner::CallBack { url: format!("http://{}/callbacks/cranes/{}", callbacks.listen, crane.id), secret }
        }
    };
    Ok(Route::Crane(CraneRoute {
        path: settings.url.uri().path().to_owned(),
        location_field: settings.location_field.clone(),
        message: settings.message.as_str().to_owned(),
        manner,
        ..CraneRoute::new(crane.id.clone())
    }))
}

/// Where a server for this address listens. Only this machine's own addresses can be served.
fn address_of(url: &HttpUrl) -> Result<SocketAddr, Fault> {
    let refuse = |why: &str| Fault::new(Code::ConfigInvalid, format!("{}: {why}", url.shown()));
    if url.uri().scheme_str() == Some("https") {
        return Err(refuse("the simulator speaks plain HTTP only; give --listen ADDRESS to serve it elsewhere"));
    }
    let ip = loopback(url.uri().host().unwrap_or_default()).ok_or_else(|| refuse(ELSEWHERE))?;
    Ok(SocketAddr::new(ip, url.uri().port_u16().unwrap_or(80)))
}

/// The address of a host, if it is this machine by its loopback.
fn loopback(host: &str) -> Option<IpAddr> {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => Some(ip).filter(IpAddr::is_loopback),
        Err(_) => (host == "localhost").then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    }
}

#[cfg(test)]
mod tests {
    use pandian_sim::wire::{CameraSpec, Channel, Flavour};

    use super::*;
    use crate::assemble::load;

    /// The servers of a warehouse with these cranes, each as its address and what it is.
    fn served(cranes: &str, listen: Option<&str>) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("warehouse.toml");
        let head = "name = \"T\"\n[book]\nsimulated = true\n[simulation]\nreader_flavour = \"impinj\"\n";
        std::fs::write(&file, format!("{head}{cranes}")).unwrap();
        let specs = servers(&load(&file).unwrap(), listen.map(|listen| listen.parse().unwrap())).map_err(|fault| fault.to_string())?;
        let told = |spec: &ServerSpec| match &spec.serves {
            Serves::Http(routes) => match &routes[..] {
                [Route::Camera(CameraSpec { make, channels, account, .. })] => {
                    let channel = |channel: &Channel| format!("{}{}", channel.number, channel.side.map_or('-', Side::letter));
                    let channels: Vec<String> = channels.iter().map(channel).collect();
                    format!(
                        "{} {make:?} {} {}",
                        spec.listen,
                        channels.join(" "),
                        account.as_ref().map_or("anyone", |account| &account.user)
                    )
                }
                routes => format!("{} http {}", spec.listen, routes.len()),
            },
            Serves::Llrp(reader) => {
                assert_eq!((reader.flavour, reader.started_at.is_some()), (Flavour::Impinj, true));
                format!("{} llrp {} {}", spec.listen, reader.crane, reader.side.map_or('-', Side::letter))
            }
        };
        Ok(specs.iter().map(told).collect())
    }

    fn crane(number: u8, readers: &str) -> String {
        let aisle = format!("[[aisle]]\nid = \"A0{number}\"\nbays = 2\nlevels = 1\ncode = \"{{aisle}}-{{side}}-{{bay:02}}\"\n");
        let device = format!("device = {{ kind = \"http\", url = \"http://127.0.0.1:8011/go/{number}\" }}");
        format!("{aisle}[[crane]]\nid = \"C{number}\"\naisles = [\"A0{number}\"]\n{device}\n{readers}\n")
    }

    fn one(address: &str) -> String {
        format!("reader = {{ kind = \"llrp\", address = \"{address}\" }}")
    }

    fn each(left: &str, right: &str) -> String {
        let of = |side, address| format!("{side} = {{ kind = \"llrp\", address = \"{address}\" }}\n");
        format!("[crane.readers]\n{}{}", of("L", left), of("R", right))
    }

    #[test]
    fn each_llrp_reader_is_served_where_it_is_configured_or_beside_the_rest() {
        let cranes = crane(1, &one("127.0.0.1:5184")) + &crane(2, &one("localhost"));
        let configured = ["127.0.0.1:8011 http 2", "127.0.0.1:5184 llrp C1 -", "127.0.0.1:5084 llrp C2 -"];
        assert_eq!(served(&cranes, None).unwrap(), configured);
        let anywhere = ["127.0.0.1:0 http 2", "127.0.0.1:0 llrp C1 -", "127.0.0.1:0 llrp C2 -"];
        assert_eq!(served(&cranes, Some("127.0.0.1:0")).unwrap(), anywhere);
        let elsewhere = ["0.0.0.0:80 http 2", "0.0.0.0:5184 llrp C1 -", "0.0.0.0:5084 llrp C2 -"];
        assert_eq!(served(&cranes, Some("0.0.0.0:80")).unwrap(), elsewhere);
    }

    #[test]
    fn the_readers_of_both_sides_are_two_or_one_with_two_antennas() {
        let two = crane(1, &each("127.0.0.1:5184", "127.0.0.1:5185"));
        assert_eq!(served(&two, None).unwrap()[1..], ["127.0.0.1:5184 llrp C1 L", "127.0.0.1:5185 llrp C1 R"]);
        let one = crane(1, &each("127.0.0.1:5184", "127.0.0.1:5184"));
        assert_eq!(served(&one, None).unwrap()[1..], ["127.0.0.1:5184 llrp C1 -"]);
    }

    #[test]
    fn a_reader_that_cannot_be_served_is_named_with_the_reason() {
        let refused = |readers: &str| served(&crane(1, readers), None).unwrap_err();
        assert!(refused(&one("10.0.3.7")).starts_with("the reader of crane C1 at 10.0.3.7:5084: this is not an address"));
        let tls = "reader = { kind = \"llrp\", address = \"127.0.0.1\", tls = { public = true } }";
        assert!(refused(tls).starts_with("the reader of crane C1 at 127.0.0.1:5085: the simulator has no certificate"));
        assert!(refused(&one("127.0.0.1:8011")).ends_with("another device has this address"));
        let twice = crane(1, &one("127.0.0.1:5184")) + &crane(2, &one("127.0.0.1:5184"));
        assert!(served(&twice, None).unwrap_err().ends_with("it is the reader of crane C1 already"));
    }

    fn camera(settings: &str) -> String {
        format!("reader = {{ kind = \"sim\" }}\ncamera = {{ {settings} }}")
    }

    fn cameras(left: &str, right: &str) -> String {
        format!("reader = {{ kind = \"sim\" }}\n[crane.cameras]\nL = {{ {left} }}\nR = {{ {right} }}\n")
    }

    #[test]
    fn cameras_with_paths_of_their_own_are_served_where_they_are_configured_or_beside_the_rest() {
        let axis = "kind = \"http-snapshot\", preset = \"axis\", address = \"127.0.0.1:8021\"";
        let onvif = "kind = \"onvif\", address = \"localhost\", profile = \"Profile_3\"";
        let plain = "kind = \"http-snapshot\", url = \"http://127.0.0.1:8022/{crane}/now.jpg?channel=2\"";
        let all = crane(1, &camera(axis)) + &crane(2, &camera(onvif)) + &crane(3, &camera(plain));
        let configured = [
            "127.0.0.1:8011 http 3",
            "127.0.0.1:8021 Axis 1- anyone",
            "127.0.0.1:80 Onvif 3- anyone",
            "127.0.0.1:8022 Plain { path: \"/C3/now.jpg\" } 2- anyone",
        ];
        let mut served_there = served(&all, None).unwrap();
        served_there.sort();
        let mut configured = configured.to_vec();
        configured.sort();
        assert_eq!(served_there, configured);
        let anywhere = served(&all, Some("127.0.0.1:0")).unwrap();
        assert!(anywhere.len() == 4 && anywhere.iter().all(|server| server.starts_with("127.0.0.1:0 ")), "{anywhere:?}");
    }

    #[test]
    fn the_cameras_of_both_sides_are_two_or_the_channels_of_one() {
        let at = |port: u16, channel: u16| {
            format!(
                "kind = \"http-snapshot\", preset = \"hikvision\", address = \"127.0.0.1:{port}\", channel = {channel}, \
                 user = \"admin\", password = \"env:CARGO_MANIFEST_DIR\""
            )
        };
        let one = crane(1, &cameras(&at(8021, 101), &at(8021, 201)));
        assert_eq!(served(&one, None).unwrap()[1..], ["127.0.0.1:8021 Hikvision 1L 2R admin"]);
        let two = crane(1, &cameras(&at(8021, 101), &at(8022, 101)));
        assert_eq!(served(&two, None).unwrap()[1..], ["127.0.0.1:8021 Hikvision 1L admin", "127.0.0.1:8022 Hikvision 1R admin"]);
        let same = crane(1, &cameras(&at(8021, 101), &at(8021, 102)));
        assert!(served(&same, None).unwrap_err().ends_with("it is the camera of crane C1 already; give another `channel`"));
    }

    #[test]
    fn a_camera_that_cannot_be_served_is_named_with_the_reason() {
        let refused = |settings: &str| served(&crane(1, &camera(settings)), None).unwrap_err();
        let axis = "kind = \"http-snapshot\", preset = \"axis\", address = ";
        assert!(refused(&format!("{axis}\"10.0.4.2\"")).starts_with("http://10.0.4.2/: this is not an address of this machine"));
        assert!(
            refused(&format!("{axis}\"127.0.0.1\", tls = {{ public = true }}")).starts_with("the camera of crane C1: the simulator has no")
        );
        let unset = refused(&format!("{axis}\"127.0.0.1\", user = \"a\", password = \"env:NOT_SET_IN_TESTS\""));
        assert!(unset.contains("the environment variable NOT_SET_IN_TESTS of its `password` is not set"), "{unset}");
        let elsewhere = refused("kind = \"onvif\", address = \"127.0.0.1\", service = \"/soap\"");
        assert!(elsewhere.contains("the device service at /onvif/device_service only"), "{elsewhere}");
    }
}
