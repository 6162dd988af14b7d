//! How a connection begins: from the reader's greeting until it is ready for inventories.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use pandian_llrp::impinj::{self, EnableExtensionsResponse};
use pandian_llrp::message::GetReaderCapabilitiesResponse;
use pandian_llrp::{Message, Version};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::abilities::{Abilities, Dialect};
use super::session::{SILENT_PERIODS, Session};
use super::settings::VendorExtensions;
use super::trouble::Trouble;
use super::wire;

/// A reader greets at once.
const GREETED_WITHIN: Duration = Duration::from_secs(5);
/// How many ROSpecs of earlier clients are deleted one by one.
const MOST_LEFT_OVER: usize = 64;

/// A reader that is ready for inventories.
pub(super) struct Ready {
    pub(super) session: Arc<Session>,
    pub(super) abilities: Abilities,
    /// It tells of the end of an ROSpec.
    pub(super) tells_events: bool,
    /// It has refused to end an inventory by what the tags do.
    pub(super) refuses_quiet: AtomicBool,
    /// It has refused to tell the PC words of tags.
    pub(super) refuses_pc: AtomicBool,
}

/// Waits for the greeting, asks what the reader can do, and sets it up.
///
/// # Errors
/// Why the reader cannot be used.
pub(super) async fn shake(
    session: Arc<Session>,
    greeting: oneshot::Receiver<Version>,
    vendor: VendorExtensions,
    keepalive: Duration,
) -> Result<Ready, Trouble> {
    let greeted = timeout(GREETED_WITHIN, greeting).await.map_err(|_| Trouble::Mute(GREETED_WITHIN))?;
    let version = greeted.map_err(|_| session.trouble())?;
    let mut abilities = Abilities::read(&capabilities(session.request(wire::capabilities()).await?)?, version);
    delete_what_is_left_over(&session).await?;
    match (abilities.manufacturer, vendor) {
        (impinj::VENDOR, VendorExtensions::Auto) => enable_impinj(&session, &mut abilities).await?,
        (_, VendorExtensions::Auto) => {}
        (_, VendorExtensions::Off) => abilities.dialect = Dialect::Standard,
    }
    match session.request_if_possible(wire::keep_alive(keepalive)).await? {
        Some(_) => {
            session.watch(keepalive);
            if abilities.dialect == Dialect::Impinj {
                session.request_if_possible(wire::let_go_of_the_dead(SILENT_PERIODS)?).await?;
            }
        }
        None => session.notice("it refuses to send keep-alives: that it is gone is noticed by its next inventory only".to_owned()),
    }
    let tells_events = session.request_if_possible(wire::notify(&abilities)).await?.is_some();
    if !tells_events {
        session.notice("it refuses to tell of events, such as antennas that are disconnected".to_owned());
    }
    session.ask_for_antennas().await?;
    session.tell(Message::EnableEventsAndReports).await?;
    Ok(Ready { session, abilities, tells_events, refuses_quiet: AtomicBool::new(false), refuses_pc: AtomicBool::new(false) })
}

fn capabilities(reply: Message) -> Result<GetReaderCapabilitiesResponse, Trouble> {
    match reply {
        Message::GetReaderCapabilitiesResponse(reply) => Ok(reply),
        other => Err(Trouble::OtherReply { request: "GET_READER_CAPABILITIES", reply: other.name() }),
    }
}

/// ROSpecs outlive the connection of the client that made them.
async fn delete_what_is_left_over(session: &Session) -> Result<(), Trouble> {
    if session.request_if_possible(wire::delete(0)).await?.is_some() {
        return Ok(());
    }
    // There are none, or the reader does not know 0 as all.
    if let Some(Message::GetRoSpecsResponse(reply)) = session.request_if_possible(Message::GetRoSpecs).await? {
        for rospec in reply.rospecs.iter().take(MOST_LEFT_OVER) {
            session.request_if_possible(wire::delete(rospec.id)).await?;
        }
    }
    Ok(())
}

async fn enable_impinj(session: &Session, abilities: &mut Abilities) -> Result<(), Trouble> {
    let reply = session.request_if_possible(wire::enable_impinj()?).await?;
    let is_enabled = match &reply {
        Some(Message::Custom(custom)) => custom.decode::<EnableExtensionsResponse>().is_ok_and(|reply| reply.status.is_success()),
        _ => false,
    };
    if !is_enabled {
        session.notice("it does not enable Impinj's extensions: RSSI comes in whole dBm".to_owned());
        return Ok(());
    }
    abilities.dialect = Dialect::Impinj;
    if let Some(Message::GetReaderCapabilitiesResponse(reply)) = session.request_if_possible(wire::impinj_version()?).await? {
        abilities.read_impinj(&reply);
    }
    Ok(())
}
