//! What a client asks, and the answer (LLRP 1.0.1 sections 8 to 12).

use std::sync::atomic::Ordering;

use pandian_llrp::impinj::{EnableExtensions, EnableExtensionsResponse, SaveSettings, SaveSettingsResponse};
use pandian_llrp::message::{
    CustomMessage, GetAccessSpecsResponse, GetReaderCapabilitiesResponse, GetReaderConfigResponse, GetRoSpecsResponse,
    GetSupportedVersionResponse, StatusReply, VendorMessage,
};
use pandian_llrp::parameter::operation::RoSpec;
use pandian_llrp::parameter::status::{LlrpStatus, StatusCode};
use pandian_llrp::{Message, Version, message_type as number};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::Flavour;
use super::flavour::capabilities;
use super::inventory::Attempt;
use super::session::{Absence, Ended, Request, Session};
use super::status::{Wrong, undecoded};
use crate::fault::Strike;

/// What comes of a request.
enum Answer {
    Reply(Message),
    /// START_ROSPEC is done: first the reply, then the ROSpec.
    Begin(RoSpec, Option<Strike>),
    Nothing,
    Leave(Absence),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Answers a request; tells if it was the last one.
    pub(super) fn answer(&mut self, request: Request) -> Option<Ended> {
        let Request { version, message_type, id, message } = request;
        if message_type != number::KEEPALIVE_ACK {
            self.service.requests.fetch_add(1, Ordering::Relaxed);
        }
        let highest = self.service.spec.flavour.version();
        if version > highest {
            let status = LlrpStatus::failure(StatusCode::MUnsupportedVersion, format!("{} is the highest version", highest.to_wire()));
            self.send(&Message::ErrorMessage(status.into()), highest, id);
            return None;
        }
        let answer = message.map_or_else(|error| Answer::Reply(status_reply(message_type, undecoded(&error))), |message| self.ask(message));
        match answer {
            Answer::Reply(reply) => {
                self.send(&reply, version, id);
                matches!(reply, Message::CloseConnectionResponse(_)).then_some(Ended::Parted)
            }
            Answer::Begin(spec, strike) => {
                self.send(&Message::StartRoSpecResponse(StatusReply::default()), version, id);
                self.begin(spec, strike, Instant::now());
                None
            }
            Answer::Nothing => None,
            Answer::Leave(absence) => Some(Ended::Away(absence)),
        }
    }

    fn ask(&mut self, message: Message) -> Answer {
        let message_type = message.message_type();
        let done = match message {
            Message::KeepaliveAck => {
                self.is_alive();
                return Answer::Nothing;
            }
            Message::EnableEventsAndReports => {
                self.release();
                return Answer::Nothing;
            }
            Message::GetReport => {
                let mut reports = self.reports.take();
                let last = reports.pop().unwrap_or_default();
                reports.into_iter().for_each(|report| self.say(&Message::RoAccessReport(report)));
                return Answer::Reply(Message::RoAccessReport(last));
            }
            Message::CloseConnection => Ok(()),
            Message::GetReaderCapabilities(asked) => {
                let told = capabilities(&self.service.spec, self.limits().vendor, &asked);
                return replied(message_type, told.map(Message::GetReaderCapabilitiesResponse));
            }
            Message::GetReaderConfig(asked) => {
                let told = self.memory.configuration.get(&asked, &self.limits(), self.lost_antenna());
                return replied(message_type, told.map(Message::GetReaderConfigResponse));
            }
            Message::SetReaderConfig(wanted) => {
                let (limits, service) = (self.limits(), self.service.clone());
                let set = self.memory.configuration.set(wanted, &limits, &service.spec);
                self.schedule_keepalive(Instant::now());
                set
            }
            Message::GetRoSpecs => {
                let rospecs = self.memory.rospecs.all().cloned().collect();
                return Answer::Reply(Message::GetRoSpecsResponse(GetRoSpecsResponse { rospecs, ..GetRoSpecsResponse::default() }));
            }
            Message::AddRoSpec(wanted) => self.limits().rospec(&wanted.rospec).and_then(|()| self.memory.rospecs.add(wanted.rospec)),
            Message::EnableRoSpec(target) => {
                let at_speed = self.at_speed();
                self.memory.rospecs.enable(target.rospec_id, Instant::now(), at_speed)
            }
            Message::DisableRoSpec(target) => {
                self.stop(target.rospec_id);
                self.memory.rospecs.disable(target.rospec_id)
            }
            Message::DeleteRoSpec(target) => {
                self.stop(target.rospec_id);
                self.memory.rospecs.delete(target.rospec_id)
            }
            Message::StartRoSpec(target) => match self.memory.rospecs.startable(target.rospec_id) {
                Ok(spec) => return self.begin_or_not(spec),
                Err(wrong) => Err(wrong),
            },
            Message::StopRoSpec(target) => {
                let stoppable = self.memory.rospecs.stoppable(target.rospec_id);
                if stoppable.is_ok() {
                    self.stop(target.rospec_id);
                }
                stoppable
            }
            Message::GetAccessSpecs => {
                let access_specs = self.memory.access_specs.all().to_vec();
                let reply = GetAccessSpecsResponse { access_specs, ..GetAccessSpecsResponse::default() };
                return Answer::Reply(Message::GetAccessSpecsResponse(reply));
            }
            Message::AddAccessSpec(wanted) => self.memory.access_specs.add(wanted.access_spec),
            Message::EnableAccessSpec(target) => self.memory.access_specs.switch(target.access_spec_id, true),
            Message::DisableAccessSpec(target) => self.memory.access_specs.switch(target.access_spec_id, false),
            Message::DeleteAccessSpec(target) => self.memory.access_specs.delete(target.access_spec_id),
            Message::GetSupportedVersion if self.highest() > Version::V1_0_1 => {
                let (current, supported) = (self.version.to_wire(), self.highest().to_wire());
                let reply = GetSupportedVersionResponse { current, supported, ..GetSupportedVersionResponse::default() };
                return Answer::Reply(Message::GetSupportedVersionResponse(reply));
            }
            Message::SetProtocolVersion(wanted) if self.highest() > Version::V1_0_1 => match Version::from_wire(wanted.version) {
                Some(version) if version <= self.highest() => {
                    self.version = version;
                    Ok(())
                }
                _ => {
                    let status = LlrpStatus::failure(StatusCode::MUnsupportedVersion, "the reader does not speak this version");
                    return Answer::Reply(Message::SetProtocolVersionResponse(status.into()));
                }
            },
            Message::Custom(custom) if self.service.spec.flavour == Flavour::Impinj => return self.ask_impinj(&custom),
            _ => {
                let status = LlrpStatus::failure(StatusCode::MUnsupportedMessage, "the reader does not take this message");
                return Answer::Reply(Message::ErrorMessage(status.into()));
            }
        };
        Answer::Reply(status_reply(message_type, done.map_or_else(Wrong::status, |()| LlrpStatus::success())))
    }

    fn begin_or_not(&mut self, spec: RoSpec) -> Answer {
        match self.attempt() {
            Attempt::Begins(strike) => Answer::Begin(spec, strike),
            Attempt::Fails(status) => Answer::Reply(Message::StartRoSpecResponse(status.into())),
            Attempt::Leaves(absence) => Answer::Leave(absence),
        }
    }

    fn ask_impinj(&mut self, custom: &CustomMessage) -> Answer {
        let reply = if custom.decode::<EnableExtensions>().is_ok() {
            self.extended = true;
            vendor_message(&EnableExtensionsResponse::default())
        } else if custom.decode::<SaveSettings>().is_ok() {
            vendor_message(&SaveSettingsResponse::default())
        } else {
            let status = LlrpStatus::failure(StatusCode::MUnsupportedMessage, "the reader does not take this vendor's message");
            Message::ErrorMessage(status.into())
        };
        Answer::Reply(reply)
    }

    fn highest(&self) -> Version {
        self.service.spec.flavour.version()
    }
}

/// A vendor's message of a few bytes, which can always be encoded.
fn vendor_message<M: VendorMessage>(message: &M) -> Message {
    Message::Custom(CustomMessage::of(message).unwrap_or_default())
}

fn replied(message_type: u16, told: Result<Message, Wrong>) -> Answer {
    Answer::Reply(told.unwrap_or_else(|wrong| status_reply(message_type, wrong.status())))
}

/// The reply to a request of that type that says no more than how it ended; ERROR_MESSAGE to what is no request.
fn status_reply(message_type: u16, status: LlrpStatus) -> Message {
    let reply = StatusReply::from;
    match message_type {
        number::GET_READER_CAPABILITIES => {
            Message::GetReaderCapabilitiesResponse(GetReaderCapabilitiesResponse { status, ..GetReaderCapabilitiesResponse::default() })
        }
        number::GET_READER_CONFIG => {
            Message::GetReaderConfigResponse(GetReaderConfigResponse { status, ..GetReaderConfigResponse::default() })
        }
        number::SET_READER_CONFIG => Message::SetReaderConfigResponse(reply(status)),
        number::CLOSE_CONNECTION => Message::CloseConnectionResponse(reply(status)),
        number::ADD_ROSPEC => Message::AddRoSpecResponse(reply(status)),
        number::DELETE_ROSPEC => Message::DeleteRoSpecResponse(reply(status)),
        number::START_ROSPEC => Message::StartRoSpecResponse(reply(status)),
        number::STOP_ROSPEC => Message::StopRoSpecResponse(reply(status)),
        number::ENABLE_ROSPEC => Message::EnableRoSpecResponse(reply(status)),
        number::DISABLE_ROSPEC => Message::DisableRoSpecResponse(reply(status)),
        number::GET_ROSPECS => Message::GetRoSpecsResponse(GetRoSpecsResponse { status, ..GetRoSpecsResponse::default() }),
        number::ADD_ACCESSSPEC => Message::AddAccessSpecResponse(reply(status)),
        number::DELETE_ACCESSSPEC => Message::DeleteAccessSpecResponse(reply(status)),
        number::ENABLE_ACCESSSPEC => Message::EnableAccessSpecResponse(reply(status)),
        number::DISABLE_ACCESSSPEC => Message::DisableAccessSpecResponse(reply(status)),
        number::GET_ACCESSSPECS => Message::GetAccessSpecsResponse(GetAccessSpecsResponse { status, ..GetAccessSpecsResponse::default() }),
        number::SET_PROTOCOL_VERSION => Message::SetProtocolVersionResponse(reply(status)),
        _ => Message::ErrorMessage(reply(status)),
    }
}
