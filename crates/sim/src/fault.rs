//! What goes wrong in a simulation, by rate or by script.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pandian_devices::settings::Period;
use pandian_domain::{CraneId, Epc, LocationCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::radio::Heard;
use crate::seed::{Draw, Seed, hash_text, mix};
use crate::settings::{SettingsError, SimulationSettings};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $variant:ident = $text:literal on $devices:expr),* $(,)?) => {
        /// A way of going wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum FaultKind {
            $($(#[doc = $doc])* $variant,)*
        }

        impl FaultKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The kind's name in the settings.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The devices that can fail so.
            pub fn devices(self) -> &'static [Device] {
                match self { $(Self::$variant => $devices,)* }
            }
        }
    };
}

const ANY: &[Device] = &[Device::Crane, Device::Reader, Device::Camera];
const CRANE: &[Device] = &[Device::Crane];
const READER: &[Device] = &[Device::Reader];
const CAMERA: &[Device] = &[Device::Camera];

kinds! {
    /// The reply comes late, by `delay`.
    Slow = "slow" on ANY,
    /// The work is done, but no reply ever comes.
    Hang = "hang" on ANY,
    /// Connections are refused for `lasting`; the request that met the fault gets no reply.
    Refuse = "refuse" on ANY,
    /// The connection is cut in the middle of the reply.
    Drop = "drop" on ANY,
    /// The reply is no JSON; over LLRP a message is malformed.
    Garbage = "garbage" on ANY,
    /// The crane's reply bears a code that nobody knows.
    WrongCode = "wrong_code" on CRANE,
    /// The crane says that it arrived at another location.
    WrongLocation = "wrong_location" on CRANE,
    /// An HTTP status of 500; over LLRP a reader that says it is broken.
    ServerError = "server_error" on ANY,
    /// The crane stops where it is and reports an alarm.
    CraneAlarm = "crane_alarm" on CRANE,
    /// The reader works but hears nothing.
    ReaderSilent = "reader_silent" on READER,
    /// The reader hears thousands of tags that are not there.
    ReaderFlood = "reader_flood" on READER,
    /// The reader tells of an exception and works on.
    ReaderException = "reader_exception" on READER,
    /// One of the reader's antennas is gone for this inventory.
    AntennaLost = "antenna_lost" on READER,
    /// The picture is cut off.
    CorruptPicture = "corrupt_picture" on CAMERA,
    /// The camera says that it is busy.
    CameraBusy = "camera_busy" on CAMERA,
    /// The camera sends the picture again that it sent before.
    StalePicture = "stale_picture" on CAMERA,
    /// A web page comes where a picture is expected.
    WrongType = "wrong_type" on CAMERA,
    /// 200 MB are announced and sent.
    HugeReply = "huge_reply" on CAMERA,
    /// The picture comes a byte now and then.
    Drip = "drip" on CAMERA,
    /// The picture is black.
    BlackPicture = "black_picture" on CAMERA,
    /// The picture is blurred.
    BlurredPicture = "blurred_picture" on CAMERA,
    /// Someone moved the camera: the picture is turned and shifted.
    CameraMoved = "camera_moved" on CAMERA,
    /// The camera refuses user and password.
    WrongPassword = "wrong_password" on CAMERA,
    /// The device goes away for `lasting`: every connection is cut, new ones are refused.
    DeviceRestart = "device_restart" on ANY,
}

impl FaultKind {
    /// Whether the device does not even begin its work.
    pub(crate) fn keeps_from_work(self) -> bool {
        use FaultKind::*;
        matches!(self, Refuse | DeviceRestart | ServerError | CraneAlarm | CameraBusy | WrongPassword)
    }
}

/// What can be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// Cranes and dispatchers.
    Crane,
    /// Tag readers.
    Reader,
    /// Cameras, with their comparisons.
    Camera,
}

/// One `[[simulation.fault]]`. It strikes an operation that fits everything given; what is not given fits always.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultSettings {
    /// What goes wrong.
    pub kind: FaultKind,
    /// At which devices; by default at all that can fail so.
    #[serde(default)]
    pub device: Option<Device>,
    /// At this crane, or at reader and camera on it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub crane: Option<CraneId>,
    /// At these locations.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub locations: Vec<LocationCode>,
    /// Share of the operations, 0 to 1; drawn from the seed, the location and the number of the try, so that another try may succeed.
    #[serde(default)]
    pub rate: Option<f64>,
    /// From the n-th fitting operation on (from 1); only that one unless `times` says more.
    #[serde(default)]
    pub nth: Option<u64>,
    /// So often, then no more.
    #[serde(default)]
    pub times: Option<u64>,
    /// Not before this much time of the simulation has passed.
    #[serde(default)]
    pub from: Option<Period>,
    /// How long the device is away (`refuse`, `device_restart`; default 2 s); for other kinds how long after `from` it can happen.
    #[serde(default)]
    pub lasting: Option<Period>,
    /// How much later a slow reply comes; default 10 s.
    #[serde(default)]
    pub delay: Option<Period>,
}

const AWAY: Duration = Duration::from_secs(2);
const DELAY: Duration = Duration::from_secs(10);

impl FaultSettings {
    /// Checks that the parts fit each other.
    pub(crate) fn check(&self, index: usize) -> Result<(), SettingsError> {
        let wrong = |field: &str, wanted: String| Err(SettingsError::new(format!("fault[{index}].{field}"), wanted));
        if let Some(device) = self.device.filter(|device| !self.kind.devices().contains(device)) {
            return wrong("device", format!("a {device:?} cannot have the fault {}", self.kind.as_str()).to_lowercase());
        }
        if let Some(rate) = self.rate.filter(|rate| !(0.0..=1.0).contains(rate)) {
            return wrong("rate", format!("{rate} is not a share from 0 to 1"));
        }
        for (field, count) in [("nth", self.nth), ("times", self.times)] {
            if count == Some(0) {
                return wrong(field, "0 is not a count from 1 up".into());
            }
        }
        Ok(())
    }

    fn is_absence(&self) -> bool {
        matches!(self.kind, FaultKind::Refuse | FaultKind::DeviceRestart)
    }
}

/// An operation that might be struck.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation<'a> {
    pub(crate) device: Device,
    pub(crate) crane: &'a CraneId,
    pub(crate) location: &'a str,
    /// Its idempotency key, or what takes its place; the try is part of it.
    pub(crate) key: &'a str,
    /// Since the simulation's start.
    pub(crate) elapsed: Duration,
}

/// What strikes an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) kind: FaultKind,
    /// For a slow reply: how much later. For an absence: how long. At the simulation's speed.
    pub(crate) time: Duration,
}

/// What a reader tells at a `reader_exception`.
pub(crate) const EXCEPTION: &str = "the temperature of the amplifier is too high";
/// The tags of a `reader_flood`.
const FLOOD: u64 = 5_000;

/// Tags that are nowhere, each read once; others for every number.
pub(crate) fn flood(number: u64) -> impl Iterator<Item = Heard> {
    (0..FLOOD).filter_map(move |tag| {
        let high = mix(mix(number) ^ tag);
        let epc = Epc::from_hex(&format!("{high:016X}{:08X}", mix(high) as u32)).ok()?;
        Some(Heard { epc, antenna: 1, rssi_dbm: vec![-50.0 - (high % 200) as f64 / 10.0] })
    })
}

/// The faults of one simulation and how often each has struck.
#[derive(Debug)]
pub(crate) struct FaultPlan {
    seed: Seed,
    rules: Vec<Rule>,
    struck: Vec<AtomicU64>,
}

#[derive(Debug)]
struct Rule {
    settings: FaultSettings,
    strike: Strike,
    /// When it can strike, since the simulation's start.
    window: Range<Duration>,
    fitting: AtomicU64,
    struck: AtomicU64,
}

impl FaultPlan {
    pub(crate) fn new(settings: &SimulationSettings) -> Self {
        let rule = |fault: &FaultSettings| {
            let (period, default) = if fault.is_absence() { (fault.lasting, AWAY) } else { (fault.delay, DELAY) };
            let time = settings.at_speed(period.map_or(default, |period| period.0));
            let from = settings.at_speed(fault.from.map_or(Duration::ZERO, |from| from.0));
            let open_for = fault.lasting.filter(|_| !fault.is_absence());
            let until = open_for.map_or(Duration::MAX, |lasting| from + settings.at_speed(lasting.0));
            Rule {
                strike: Strike { kind: fault.kind, time },
                window: from..until,
                settings: fault.clone(),
                fitting: AtomicU64::new(0),
                struck: AtomicU64::new(0),
            }
        };
        Self {
            seed: Seed(settings.seed),
            rules: settings.fault.iter().map(rule).collect(),
            struck: FaultKind::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The fault that strikes an operation, if one does. Asking counts: once for each operation.
    pub(crate) fn strike(&self, operation: &Operation<'_>) -> Option<Strike> {
        let (_, rule) = self.rules.iter().enumerate().find(|(index, rule)| self.strikes(*index, rule, operation))?;
        self.struck[rule.strike.kind as usize].fetch_add(1, Ordering::Relaxed);
        Some(rule.strike)
    }

    /// How often each kind has struck.
    pub(crate) fn counts(&self) -> Vec<(FaultKind, u64)> {
        let count = |kind: &FaultKind| (*kind, self.struck[*kind as usize].load(Ordering::Relaxed));
        FaultKind::ALL.iter().map(count).filter(|(_, count)| *count > 0).collect()
    }

    fn strikes(&self, index: usize, rule: &Rule, operation: &Operation<'_>) -> bool {
        let fault = &rule.settings;
        let fits = fault.device.map_or(fault.kind.devices().contains(&operation.device), |device| device == operation.device)
            && fault.crane.as_ref().is_none_or(|crane| crane == operation.crane)
            && (fault.locations.is_empty() || fault.locations.iter().any(|location| location.as_str() == operation.location))
            && rule.window.contains(&operation.elapsed);
        if !fits || !self.is_drawn(index, fault, operation) {
            return false;
        }
        let place = rule.fitting.fetch_add(1, Ordering::Relaxed) + 1;
        let times = fault.times.or(fault.nth.map(|_| 1)).unwrap_or(u64::MAX);
        // A count below the bound is taken, never given back: concurrent operations cannot exceed it.
        place >= fault.nth.unwrap_or(1)
            && rule.struck.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |struck| (struck < times).then_some(struck + 1)).is_ok()
    }

    fn is_drawn(&self, index: usize, fault: &FaultSettings, operation: &Operation<'_>) -> bool {
        fault.rate.is_none_or(|rate| {
            // Of a key (stop, operation, try) the stop is another one in every run; the location stands for it.
            let this_try = operation.key.split_once('/').map_or(operation.key, |(_stop, this_try)| this_try);
            let of = mix(hash_text(this_try) ^ mix(hash_text(operation.location) ^ (operation.device as u64) << 32 ^ index as u64));
            self.seed.fraction(Draw::Fault, of) < rate
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(faults: &str) -> FaultPlan {
        FaultPlan::new(&toml::from_str(faults).unwrap())
    }

    fn strikes(plan: &FaultPlan, device: Device, location: &str, key: &str) -> Option<FaultKind> {
        let crane = CraneId::from("C1");
        plan.strike(&Operation { device, crane: &crane, location, key, elapsed: Duration::from_secs(5) }).map(|strike| strike.kind)
    }

    #[test]
    fn a_rate_is_drawn_for_each_try_at_a_location_and_is_the_same_in_every_run() {
        let text = "[[fault]]\nkind = \"drop\"\nrate = 0.1";
        let (one, two) = (plan(text), plan(text));
        let mut hits = 0;
        for n in 0..2000 {
            let location = format!("A-{}", n / 2);
            let of_run = |run: &str| format!("{run}-{n}/goto/{}", n % 2 + 1);
            let struck = strikes(&one, Device::Crane, &location, &of_run("a"));
            assert_eq!(struck, strikes(&two, Device::Crane, &location, &of_run("b")));
            hits += u32::from(struck.is_some());
        }
        assert!((150..250).contains(&hits), "{hits}");
        assert_eq!(one.counts(), [(FaultKind::Drop, hits.into())]);
    }

    #[test]
    fn a_script_strikes_where_when_and_as_often_as_it_says() {
        let plan = plan(concat!(
            "[[fault]]\nkind = \"hang\"\nlocations = [\"A\"]\ntimes = 2\n",
            "[[fault]]\nkind = \"slow\"\ndevice = \"camera\"\nnth = 2\n",
            "[[fault]]\nkind = \"garbage\"\ncrane = \"C2\"\n",
            "[[fault]]\nkind = \"drop\"\nfrom = \"6s\"\n",
            "[[fault]]\nkind = \"refuse\"\ndevice = \"reader\"\nlocations = [\"B\"]\nfrom = \"5s\"\n",
        ));
        assert_eq!(strikes(&plan, Device::Crane, "A", "1"), Some(FaultKind::Hang));
        assert_eq!(strikes(&plan, Device::Reader, "A", "1"), Some(FaultKind::Hang));
        assert_eq!(strikes(&plan, Device::Crane, "A", "2"), None);
        assert_eq!(strikes(&plan, Device::Camera, "B", "1"), None);
        assert_eq!(strikes(&plan, Device::Camera, "B", "2"), Some(FaultKind::Slow));
        assert_eq!(strikes(&plan, Device::Camera, "B", "3"), None);
        assert_eq!(strikes(&plan, Device::Reader, "B", "1"), Some(FaultKind::Refuse));
    }

    #[test]
    fn faults_that_a_device_cannot_have_are_refused() {
        let settings: SimulationSettings = toml::from_str("[[fault]]\nkind = \"crane_alarm\"\ndevice = \"reader\"").unwrap();
        assert_eq!(settings.check().unwrap_err().to_string(), "simulation.fault[0].device: a reader cannot have the fault crane_alarm");
        let settings: SimulationSettings = toml::from_str("[[fault]]\nkind = \"slow\"\nrate = 2.0").unwrap();
        assert_eq!(settings.check().unwrap_err().to_string(), "simulation.fault[0].rate: 2 is not a share from 0 to 1");
    }
}
