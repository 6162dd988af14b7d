//! What a reader tells by itself (1.0.1 section 16.2.7.6).

use super::tag::{AccessSpecId, AntennaId, InventoryParameterSpecId, OpSpecId, RoSpecId, SpecIndex};
use super::time::Timestamp;
use crate::DecodeError;
use crate::wire::{Field, Parameter, RawRef, Reader, Text, Writer, listed, tlv};

listed! {
    /// What an ROSpec did.
    RoSpecEventType: u8 {
        /// Began.
        Start = 0,
        /// Ended.
        End = 1,
        /// Gave way to one of higher priority.
        Preemption = 2,
    }
    /// What an RF survey did.
    RfSurveyEventType: u8 {
        /// Began.
        Start = 0,
        /// Ended.
        End = 1,
    }
    /// What an AISpec did.
    AiSpecEventType: u8 {
        /// Ended.
        End = 0,
    }
    /// What an antenna did.
    AntennaEventType: u8 {
        /// Went.
        Disconnected = 0,
        /// Came.
        Connected = 1,
    }
    /// How an attempt to connect ended.
    ConnectionAttemptStatus: u16 {
        /// Connected.
        Success = 0,
        /// Refused: the reader itself is connected to a client.
        FailedReaderInitiatedConnectionExists = 1,
        /// Refused: another client is connected.
        FailedClientInitiatedConnectionExists = 2,
        /// Refused for another reason.
        FailedOtherReason = 3,
        /// Told to the client that is connected: another one tried.
        AnotherConnectionAttempted = 4,
    }
}

tlv! {
    /// What happened, and when. One of the events is there, rarely more.
    ReaderEventNotificationData = 246 {} + {
        /// When.
        at: Timestamp,
        /// The next channel.
        hopping: Option<HoppingEvent>,
        /// An input.
        gpi: Option<GpiEvent>,
        /// An ROSpec began or ended.
        rospec: Option<RoSpecEvent>,
        /// The report buffer fills up.
        report_buffer_level_warning: Option<ReportBufferLevelWarningEvent>,
        /// The report buffer was full: reports are lost.
        report_buffer_overflow: Option<ReportBufferOverflowErrorEvent>,
        /// Something is wrong with the reader.
        reader_exception: Option<ReaderExceptionEvent>,
        /// An RF survey began or ended.
        rf_survey: Option<RfSurveyEvent>,
        /// An AISpec ended.
        aispec: Option<AiSpecEvent>,
        /// An antenna came or went.
        antenna: Option<AntennaEvent>,
        /// Someone tried to connect; the first thing a client hears.
        connection_attempt: Option<ConnectionAttemptEvent>,
        /// The reader closes the connection.
        connection_close: Option<ConnectionCloseEvent>,
        /// A loop of specs begins again (1.1).
        spec_loop: Option<SpecLoopEvent>,
    }
    /// The next channel.
    HoppingEvent = 247 {
        /// The hop table.
        hop_table: u16,
        /// Its place in there.
        next_channel: u16,
    }
    /// An input changed.
    GpiEvent = 248 {
        /// The input, from 1.
        port: u16,
        /// To high, or to low.
        event: bool,
    }
    /// An ROSpec began or ended.
    RoSpecEvent = 249 {
        /// Which.
        kind: RoSpecEventType,
        /// The ROSpec.
        rospec_id: u32,
        /// For `Preemption`, the one that runs instead.
        preempting_rospec_id: u32,
    }
    /// The report buffer fills up.
    ReportBufferLevelWarningEvent = 250 {
        /// In percent.
        percent_full: u8,
    }
    /// The report buffer was full: reports are lost.
    ReportBufferOverflowErrorEvent = 251 {}
    /// Something is wrong with the reader.
    ReaderExceptionEvent = 252 {
        /// In the reader's words.
        message: Text,
    } + {
        /// The ROSpec it was in.
        rospec_id: Option<RoSpecId>,
        /// The spec it was in.
        spec_index: Option<SpecIndex>,
        /// The inventory parameter spec it was in.
        inventory_parameter_spec_id: Option<InventoryParameterSpecId>,
        /// The antenna.
        antenna_id: Option<AntennaId>,
        /// The AccessSpec it was in.
        access_spec_id: Option<AccessSpecId>,
        /// The operation it was in.
        op_spec_id: Option<OpSpecId>,
    }
    /// An RF survey began or ended.
    RfSurveyEvent = 253 {
        /// Which.
        kind: RfSurveyEventType,
        /// The ROSpec it is in.
        rospec_id: u32,
        /// Its place in there, from 1.
        spec_index: u16,
    }
    /// An AISpec ended.
    AiSpecEvent = 254 {
        /// Which.
        kind: AiSpecEventType,
        /// The ROSpec it is in.
        rospec_id: u32,
        /// Its place in there, from 1.
        spec_index: u16,
    } + {
        /// What happened in the last round.
        singulation: Option<C1g2SingulationDetails>,
    }
    /// An antenna came or went.
    AntennaEvent = 255 {
        /// Which.
        kind: AntennaEventType,
        /// The antenna, from 1.
        antenna: u16,
    }
    /// Someone tried to connect.
    ConnectionAttemptEvent = 256 {
        /// How it ended.
        status: ConnectionAttemptStatus,
    }
    /// The reader closes the connection.
    ConnectionCloseEvent = 257 {}
    /// A loop of specs begins again (1.1).
    SpecLoopEvent = 356 {
        /// The ROSpec it is in.
        rospec_id: u32,
        /// Runs done.
        loop_count: u32,
    }
}

/// What happened in an inventory round.
///
/// TV parameter 18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct C1g2SingulationDetails {
    /// Slots in which several tags answered.
    pub collision_slots: u16,
    /// Slots in which none did.
    pub empty_slots: u16,
}

impl Parameter for C1g2SingulationDetails {
    const NAME: &'static str = "C1g2SingulationDetails";

    fn accepts(raw: &RawRef<'_>) -> bool {
        raw.number == 18
    }

    fn read(raw: RawRef<'_>) -> Result<Self, DecodeError> {
        let mut reader: Reader<'_> = raw.reader(<Self as Parameter>::NAME)?;
        let collision_slots = Field::read(&mut reader, "collision_slots")?;
        let empty_slots = Field::read(&mut reader, "empty_slots")?;
        reader.end()?;
        Ok(Self { collision_slots, empty_slots })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.tv(18, |writer| {
            self.collision_slots.write("collision_slots", writer);
            self.empty_slots.write("empty_slots", writer);
        });
    }
}

#[cfg(test)]
impl crate::tests::sample::Sample for C1g2SingulationDetails {
    fn sample(choices: &mut crate::tests::sample::Choices) -> Self {
        Self { collision_slots: crate::tests::sample::Sample::sample(choices), empty_slots: crate::tests::sample::Sample::sample(choices) }
    }
}
