//! The configuration of a reader (1.0.1 section 16.2.6).

use super::air_protocol::C1g2InventoryCommand;
use crate::wire::{listed, tlv};

listed! {
    /// What a reader's id is.
    IdentificationType: u8 {
        /// A MAC address, as EUI-64.
        MacAddress = 0,
        /// An EPC.
        Epc = 1,
    }
    /// Whether the reader sends KEEPALIVE.
    KeepaliveTriggerType: u8 {
        /// It does not.
        Null = 0,
        /// In a period.
        Periodic = 1,
    }
    /// What is at an input.
    GpiPortState: u8 {
        /// Low.
        Low = 0,
        /// High.
        High = 1,
        /// Not known.
        Unknown = 2,
    }
}

tlv! {
    /// A number that changes with the configuration.
    LlrpConfigurationStateValue = 217 {
        /// The number.
        value: u32,
    }
    /// Who the reader is.
    Identification = 218 {
        /// What the id is.
        kind: IdentificationType,
        /// The id.
        reader_id: Vec<u8>,
    }
    /// Sets an output.
    GpoWriteData = 219 {
        /// The output, from 1.
        port: u16,
        /// High, or low.
        data: bool,
    }
    /// When the reader sends KEEPALIVE.
    KeepaliveSpec = 220 {
        /// Whether.
        kind: KeepaliveTriggerType,
        /// How often, in ms.
        period_ms: u32,
    }
    /// What an antenna is.
    AntennaProperties = 221 {
        /// Whether it is connected.
        connected: bool,
        /// The antenna, from 1.
        antenna: u16,
        /// Its gain with its cable, in hundredths of a dBi.
        gain_centi_dbi: i16,
    }
    /// How an antenna is used. In 1.0.1 vendors' parameters go into the inventory command.
    AntennaConfiguration = 222 {
        /// The antenna, from 1; 0 is all.
        antenna: u16,
    } + {
        /// How it listens.
        receiver: Option<RfReceiver>,
        /// How it sends.
        transmitter: Option<RfTransmitter>,
        /// How it inventories.
        inventory: Vec<C1g2InventoryCommand>,
    }
    /// How an antenna listens.
    RfReceiver = 223 {
        /// [`super::capabilities::ReceiveSensitivityTableEntry::index`].
        sensitivity: u16,
    }
    /// How an antenna sends.
    RfTransmitter = 224 {
        /// [`super::capabilities::FrequencyHopTable::id`]; 0 where the regulation has no hopping.
        hop_table: u16,
        /// Place in the fixed table, from 1; 0 where the regulation has hopping.
        channel: u16,
        /// [`super::capabilities::TransmitPowerLevelTableEntry::index`].
        power: u16,
    }
    /// An input.
    GpiPortCurrentState = 225 {
        /// The input, from 1.
        port: u16,
        /// Whether it is enabled.
        enabled: bool,
        /// What is at it; `Unknown` in a SET_READER_CONFIG.
        state: GpiPortState,
    }
    /// What happens to events and reports while no client is there.
    EventsAndReports = 226 {
        /// Whether they are held on reconnection until ENABLE_EVENTS_AND_REPORTS.
        hold_upon_reconnect: bool,
    }
}
