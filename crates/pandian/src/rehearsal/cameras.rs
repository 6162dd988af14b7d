//! Serving cameras of kinds `http-snapshot` and `onvif`.

use std::net::SocketAddr;

use pandian_devices::camera::http_snapshot::{HttpSnapshotSettings, Preset};
use pandian_devices::camera::onvif::OnvifSettings;
use pandian_devices::http::HttpUrl;
use pandian_devices::secret::Secret;
use pandian_domain::{Code, CraneId, Side};
use pandian_engine::Clock;
use pandian_sim::wire::{Account, CameraSpec, Channel, Make, Route, ServerSpec, Serves};

use super::{Servers, address_of};
use crate::fault::Fault;

/// A camera as the configuration has it.
pub(super) struct WantedCamera {
    /// Where it is asked for a picture, or for its services.
    url: HttpUrl,
    make: Make,
    channel: Channel,
    account: Option<Account>,
}

/// Why it cannot be served.
struct Unserved(String);

impl From<&str> for Unserved {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

const TLS: &str = "the simulator has no certificate for it: take `tls` out to rehearse";
/// The only path of ONVIF device services that is served.
const SERVICE: &str = "/onvif/device_service";

impl WantedCamera {
    /// A camera of kind `http-snapshot`.
    pub(super) fn snapshot(crane: &CraneId, side: Option<Side>, settings: &HttpSnapshotSettings) -> Result<Self, Fault> {
        let account = account(settings.user.as_deref(), settings.password.as_ref());
        let wanted = || {
            if settings.tls.is_some() {
                return Err(TLS.into());
            }
            let (url, make, number) = match (&settings.url, settings.preset, &settings.address) {
                (Some(url), ..) => {
                    let url = url.base_of(crane);
                    let channel = url.uri().query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("channel=")));
                    let number = channel.map_or(Ok(1), str::parse).map_err(|_| "its `channel` is no number from 1 to 65535")?;
                    let path = url.uri().path().to_owned();
                    (url, Make::Plain { path }, number)
                }
                (None, Some(preset), Some(address)) => {
                    let (make, number) = match preset {
                        // The last two digits are the stream.
                        Preset::Hikvision => (Make::Hikvision, settings.channel.unwrap_or(101) / 100),
                        Preset::Axis => (Make::Axis, settings.channel.unwrap_or(1)),
                    };
                    (at(address.as_str())?, make, u16::try_from(number).map_err(|_| "it has no such `channel`")?)
                }
                _ => return Err("it has no address".into()),
            };
            Ok(Self { url, make, channel: Channel { number, crane: crane.clone(), side }, account: account? })
        };
        wanted().map_err(|why| refused(crane, why))
    }

    /// A camera of kind `onvif`.
    pub(super) fn onvif(crane: &CraneId, side: Option<Side>, settings: &OnvifSettings) -> Result<Self, Fault> {
        let wanted = || {
            if settings.tls.is_some() {
                return Err(TLS.into());
            }
            if settings.service != SERVICE {
                return Err(Unserved(format!("the simulator serves the device service at {SERVICE} only")));
            }
            let number = match settings.profile.as_deref() {
                None => 1,
                Some(profile) => profile
                    .strip_prefix("Profile_")
                    .and_then(|number| number.parse().ok())
                    .ok_or("the profiles of the simulator's cameras are Profile_1, Profile_2, …")?,
            };
            let account = account(settings.user.as_deref(), settings.password.as_ref())?;
            let channel = Channel { number, crane: crane.clone(), side };
            Ok(Self { url: at(settings.address.as_str())?, make: Make::Onvif, channel, account })
        };
        wanted().map_err(|why| refused(crane, why))
    }
}

fn at(address: &str) -> Result<HttpUrl, Unserved> {
    HttpUrl::parse(&format!("http://{address}/")).map_err(|error| Unserved(format!("{address}: {error}")))
}

/// Who may ask: whoever the configuration asks as.
fn account(user: Option<&str>, password: Option<&Secret>) -> Result<Option<Account>, Unserved> {
    let (Some(user), Some(password)) = (user, password) else { return Ok(None) };
    let unset = |_| Unserved(format!("the environment variable {} of its `password` is not set", password.variable()));
    Ok(Some(Account::new(user, std::env::var(password.variable()).map_err(unset)?)))
}

fn refused(crane: &CraneId, Unserved(why): Unserved) -> Fault {
    Fault::new(Code::ConfigInvalid, format!("the camera of crane {crane}: {why}"))
}

impl Servers {
    /// Adds a camera. Those at one address are the channels of one device, or have paths of their own.
    pub(super) fn add_camera(&mut self, camera: WantedCamera) -> Result<(), Fault> {
        let WantedCamera { url, make, channel, account } = camera;
        let refuse =
            |why: &str| Fault::new(Code::ConfigInvalid, format!("the camera of crane {} at {}: {why}", channel.crane, url.shown()));
        let port = url.uri().port_u16().unwrap_or(80);
        let name = format!("{}:{port}", url.uri().host().unwrap_or_default());
        let listen = match self.listen {
            Some(listen) => SocketAddr::new(listen.ip(), if listen.port() == 0 { 0 } else { port }),
            None => address_of(&url)?,
        };
        let known = self.cameras.iter().find(|(known, _)| *known == name).map(|(_, place)| *place);
        let shared = || self.specs.iter().position(|spec| listen.port() != 0 && spec.listen == listen);
        let Some(place) = known.or_else(shared) else {
            self.cameras.push((name, self.specs.len()));
            self.specs.push(ServerSpec { listen, serves: Serves::Http(vec![Route::Camera(spec(make, channel, account))]) });
            return Ok(());
        };
        let Serves::Http(routes) = &mut self.specs[place].serves else { return Err(refuse("another device has this address")) };
        let cameras = || routes.iter().filter_map(|route| if let Route::Camera(camera) = route { Some(camera) } else { None });
        if let Some(taken) =
            cameras().filter(|known| known.make == make).flat_map(|known| &known.channels).find(|it| it.number == channel.number)
        {
            return Err(refuse(&format!("it is the camera of crane {} already; give another `channel`", taken.crane)));
        }
        if cameras().any(|known| known.make == make && known.account != account) {
            return Err(refuse("its channels have one user and one password"));
        }
        let device = routes.iter_mut().find_map(|route| match route {
            Route::Camera(known) if known.make == make => Some(known),
            _ => None,
        });
        match device {
            Some(known) => known.channels.push(channel),
            None => routes.push(Route::Camera(spec(make, channel, account))),
        }
        Ok(())
    }
}

fn spec(make: Make, channel: Channel, account: Option<Account>) -> CameraSpec {
    CameraSpec { make, channels: vec![channel], account, started_at: Some(Clock::System.now()) }
}
