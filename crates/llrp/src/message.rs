//! The messages of LLRP 1.0.1 and 1.1 (binary encoding: 1.0.1 section 16.1, 1.1 section 17.1).

mod body;
mod custom;

pub use body::{
    AccessSpecTarget, AddAccessSpec, AddRoSpec, ClientRequestOp, ClientRequestOpResponse, GetAccessSpecsResponse, GetReaderCapabilities,
    GetReaderCapabilitiesResponse, GetReaderConfig, GetReaderConfigResponse, GetRoSpecsResponse, GetSupportedVersionResponse,
    ReaderCapabilitiesRequest, ReaderConfigRequest, ReaderEventNotification, RoAccessReport, RoSpecTarget, SetProtocolVersion,
    SetReaderConfig, StatusReply,
};
pub use custom::{CustomMessage, VendorMessage};

use crate::error::{DecodeError, EncodeError};
use crate::frame::{Version, write_frame};
use crate::parameter::status::LlrpStatus;
use crate::wire::{Reader, Structure, Writer};

macro_rules! messages {
    ($( $(#[$meta:meta])* $constant:ident = $number:literal $variant:ident $(($type:ty))?, )*) => {
        /// The numbers of the messages.
        pub mod message_type {
            $( $(#[$meta])* pub const $constant: u16 = $number; )*
        }

        /// A message.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant, reason = "a message is made, moved once and taken apart; the large ones are rare")]
        pub enum Message {
            $( $(#[$meta])* $variant $(($type))?, )*
            /// A message that is not listed here, as it came.
            Unlisted {
                /// Its number.
                message_type: u16,
                /// What is behind the header.
                body: Vec<u8>,
            },
        }

        impl Message {
            /// The message of number `message_type` in the body of its frame.
            ///
            /// # Errors
            /// What is wrong in it.
            pub fn decode(message_type: u16, body: &[u8]) -> Result<Self, DecodeError> {
                Ok(match message_type {
                    $( $number => messages!(@decode body $constant $variant $(($type))?), )*
                    _ => Self::Unlisted { message_type, body: body.to_vec() },
                })
            }

            /// Its number, see [`message_type`].
            pub fn message_type(&self) -> u16 {
                match self {
                    $( messages!(@pattern $variant $(($type))?) => $number, )*
                    Self::Unlisted { message_type, .. } => *message_type,
                }
            }

            fn write(&self, writer: &mut Writer<'_>) {
                match self {
                    $( messages!(@bind inner $variant $(($type))?) => messages!(@write writer inner $(($type))?), )*
                    Self::Unlisted { body, .. } => writer.bytes(body),
                }
            }
        }

        /// The standard's name of a message, `RO_ACCESS_REPORT` say; `None` when the number is not listed.
        pub fn message_name(message_type: u16) -> Option<&'static str> {
            Some(match message_type {
                $( $number => stringify!($constant), )*
                _ => return None,
            })
        }

        #[cfg(test)]
        impl crate::tests::sample::Sample for Message {
            fn sample(choices: &mut crate::tests::sample::Choices) -> Self {
                type Maker = fn(&mut crate::tests::sample::Choices) -> Message;
                let makers: &[Maker] = &[ $( |_choices| messages!(@sample _choices $variant $(($type))?), )* ];
                makers[choices.below(makers.len())](choices)
            }
        }
    };
    (@decode $body:ident $constant:ident $variant:ident) => {{
        Reader::new(stringify!($constant), $body).end()?;
        Self::$variant
    }};
    (@decode $body:ident $constant:ident $variant:ident($type:ty)) => {
        Self::$variant(<$type>::read(Reader::new(stringify!($constant), $body))?)
    };
    (@pattern $variant:ident) => { Self::$variant };
    (@pattern $variant:ident($type:ty)) => { Self::$variant(_) };
    (@bind $inner:ident $variant:ident) => { Self::$variant };
    (@bind $inner:ident $variant:ident($type:ty)) => { Self::$variant($inner) };
    (@write $writer:ident $inner:ident) => { () };
    (@write $writer:ident $inner:ident($type:ty)) => { Structure::write($inner, $writer) };
    (@sample $choices:ident $variant:ident) => { Message::$variant };
    (@sample $choices:ident $variant:ident($type:ty)) => { Message::$variant(crate::tests::sample::Sample::sample($choices)) };
}

messages! {
    /// Which versions the reader speaks (1.1). One that answers ERROR_MESSAGE speaks 1.0.1 only.
    GET_SUPPORTED_VERSION = 46 GetSupportedVersion,
    /// The versions the reader speaks (1.1).
    GET_SUPPORTED_VERSION_RESPONSE = 56 GetSupportedVersionResponse(GetSupportedVersionResponse),
    /// Speak this version from now on (1.1).
    SET_PROTOCOL_VERSION = 47 SetProtocolVersion(SetProtocolVersion),
    /// How it ended (1.1).
    SET_PROTOCOL_VERSION_RESPONSE = 57 SetProtocolVersionResponse(StatusReply),
    /// What the reader can do?
    GET_READER_CAPABILITIES = 1 GetReaderCapabilities(GetReaderCapabilities),
    /// What the reader can do.
    GET_READER_CAPABILITIES_RESPONSE = 11 GetReaderCapabilitiesResponse(GetReaderCapabilitiesResponse),
    /// How the reader is configured?
    GET_READER_CONFIG = 2 GetReaderConfig(GetReaderConfig),
    /// How the reader is configured.
    GET_READER_CONFIG_RESPONSE = 12 GetReaderConfigResponse(GetReaderConfigResponse),
    /// Configures the reader.
    SET_READER_CONFIG = 3 SetReaderConfig(SetReaderConfig),
    /// How it ended.
    SET_READER_CONFIG_RESPONSE = 13 SetReaderConfigResponse(StatusReply),
    /// Ends the connection.
    CLOSE_CONNECTION = 14 CloseConnection,
    /// The last message of a connection.
    CLOSE_CONNECTION_RESPONSE = 4 CloseConnectionResponse(StatusReply),
    /// Adds an ROSpec.
    ADD_ROSPEC = 20 AddRoSpec(AddRoSpec),
    /// How it ended.
    ADD_ROSPEC_RESPONSE = 30 AddRoSpecResponse(StatusReply),
    /// Deletes an ROSpec, or all.
    DELETE_ROSPEC = 21 DeleteRoSpec(RoSpecTarget),
    /// How it ended.
    DELETE_ROSPEC_RESPONSE = 31 DeleteRoSpecResponse(StatusReply),
    /// Starts an ROSpec that is enabled.
    START_ROSPEC = 22 StartRoSpec(RoSpecTarget),
    /// How it ended. Reports may come before it.
    START_ROSPEC_RESPONSE = 32 StartRoSpecResponse(StatusReply),
    /// Stops an ROSpec.
    STOP_ROSPEC = 23 StopRoSpec(RoSpecTarget),
    /// How it ended. Reports may come after it.
    STOP_ROSPEC_RESPONSE = 33 StopRoSpecResponse(StatusReply),
    /// Enables an ROSpec, or all.
    ENABLE_ROSPEC = 24 EnableRoSpec(RoSpecTarget),
    /// How it ended.
    ENABLE_ROSPEC_RESPONSE = 34 EnableRoSpecResponse(StatusReply),
    /// Disables an ROSpec, or all.
    DISABLE_ROSPEC = 25 DisableRoSpec(RoSpecTarget),
    /// How it ended.
    DISABLE_ROSPEC_RESPONSE = 35 DisableRoSpecResponse(StatusReply),
    /// Which ROSpecs are there?
    GET_ROSPECS = 26 GetRoSpecs,
    /// The ROSpecs that are there.
    GET_ROSPECS_RESPONSE = 36 GetRoSpecsResponse(GetRoSpecsResponse),
    /// Adds an AccessSpec.
    ADD_ACCESSSPEC = 40 AddAccessSpec(AddAccessSpec),
    /// How it ended.
    ADD_ACCESSSPEC_RESPONSE = 50 AddAccessSpecResponse(StatusReply),
    /// Deletes an AccessSpec, or all.
    DELETE_ACCESSSPEC = 41 DeleteAccessSpec(AccessSpecTarget),
    /// How it ended.
    DELETE_ACCESSSPEC_RESPONSE = 51 DeleteAccessSpecResponse(StatusReply),
    /// Enables an AccessSpec, or all.
    ENABLE_ACCESSSPEC = 42 EnableAccessSpec(AccessSpecTarget),
    /// How it ended.
    ENABLE_ACCESSSPEC_RESPONSE = 52 EnableAccessSpecResponse(StatusReply),
    /// Disables an AccessSpec, or all.
    DISABLE_ACCESSSPEC = 43 DisableAccessSpec(AccessSpecTarget),
    /// How it ended.
    DISABLE_ACCESSSPEC_RESPONSE = 53 DisableAccessSpecResponse(StatusReply),
    /// Which AccessSpecs are there?
    GET_ACCESSSPECS = 44 GetAccessSpecs,
    /// The AccessSpecs that are there.
    GET_ACCESSSPECS_RESPONSE = 54 GetAccessSpecsResponse(GetAccessSpecsResponse),
    /// The reader asks what to do with a tag.
    CLIENT_REQUEST_OP = 45 ClientRequestOp(ClientRequestOp),
    /// What to do with it.
    CLIENT_REQUEST_OP_RESPONSE = 55 ClientRequestOpResponse(ClientRequestOpResponse),
    /// Send what there is to report.
    GET_REPORT = 60 GetReport,
    /// What tags were seen; [`crate::TagReports`] reads it without allocating.
    RO_ACCESS_REPORT = 61 RoAccessReport(RoAccessReport),
    /// The reader is alive; to be answered at once.
    KEEPALIVE = 62 Keepalive,
    /// So is the client.
    KEEPALIVE_ACK = 72 KeepaliveAck,
    /// Something happened at the reader.
    READER_EVENT_NOTIFICATION = 63 ReaderEventNotification(ReaderEventNotification),
    /// Send what was held. There is no reply.
    ENABLE_EVENTS_AND_REPORTS = 64 EnableEventsAndReports,
    /// A message was not understood.
    ERROR_MESSAGE = 100 ErrorMessage(StatusReply),
    /// A vendor's message.
    CUSTOM_MESSAGE = 1023 Custom(CustomMessage),
}

impl Message {
    /// Appends the message as a frame to `out`.
    ///
    /// # Errors
    /// What keeps it from being encoded; `out` is then as before.
    pub fn encode_to(&self, version: Version, id: u32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_frame(out, version, self.message_type(), id, |out| {
            let mut writer = Writer::new(self.name(), out);
            self.write(&mut writer);
            writer.finish()
        })
    }

    /// The message as a frame.
    ///
    /// # Errors
    /// What keeps it from being encoded.
    pub fn encode(&self, version: Version, id: u32) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode_to(version, id, &mut out)?;
        Ok(out)
    }

    /// The standard's name, `RO_ACCESS_REPORT` say.
    pub fn name(&self) -> &'static str {
        message_name(self.message_type()).unwrap_or("UNLISTED")
    }

    /// The status in a reply; `None` for messages that have none, and for vendors' ones.
    pub fn status(&self) -> Option<&LlrpStatus> {
        Some(match self {
            Self::GetSupportedVersionResponse(reply) => &reply.status,
            Self::GetReaderCapabilitiesResponse(reply) => &reply.status,
            Self::GetReaderConfigResponse(reply) => &reply.status,
            Self::GetRoSpecsResponse(reply) => &reply.status,
            Self::GetAccessSpecsResponse(reply) => &reply.status,
            Self::SetProtocolVersionResponse(reply)
            | Self::SetReaderConfigResponse(reply)
            | Self::CloseConnectionResponse(reply)
            | Self::AddRoSpecResponse(reply)
            | Self::DeleteRoSpecResponse(reply)
            | Self::StartRoSpecResponse(reply)
            | Self::StopRoSpecResponse(reply)
            | Self::EnableRoSpecResponse(reply)
            | Self::DisableRoSpecResponse(reply)
            | Self::AddAccessSpecResponse(reply)
            | Self::DeleteAccessSpecResponse(reply)
            | Self::EnableAccessSpecResponse(reply)
            | Self::DisableAccessSpecResponse(reply)
            | Self::ErrorMessage(reply) => &reply.status,
            _ => return None,
        })
    }
}

/// The message that answers `message_type`; `None` when none does, and for vendors' messages. ERROR_MESSAGE may come instead.
pub fn reply_to(message_type: u16) -> Option<u16> {
    Some(match message_type {
        message_type::GET_READER_CAPABILITIES..=message_type::SET_READER_CONFIG
        | message_type::ADD_ROSPEC..=message_type::GET_ROSPECS
        | message_type::ADD_ACCESSSPEC..=message_type::SET_PROTOCOL_VERSION
        | message_type::KEEPALIVE => message_type + 10,
        message_type::CLOSE_CONNECTION => message_type::CLOSE_CONNECTION_RESPONSE,
        message_type::GET_REPORT => message_type::RO_ACCESS_REPORT,
        _ => return None,
    })
}
