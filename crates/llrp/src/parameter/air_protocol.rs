//! The air protocol EPCglobal Class 1 Generation 2 (1.0.1 section 16.3.1): what a reader can do with it and how it inventories. Operations
//! on single tags are in [`super::access`].

use crate::wire::{BitString, bit_set, listed, tlv};

bit_set! {
    /// Flags of [`C1g2LlrpCapabilities`].
    C1g2Flags: u8 {
        /// Block erase.
        CAN_SUPPORT_BLOCK_ERASE = 7,
        /// Block write.
        CAN_SUPPORT_BLOCK_WRITE = 6,
        /// Block permalock (1.1).
        CAN_SUPPORT_BLOCK_PERMALOCK = 5,
        /// Recommissioning (1.1).
        CAN_SUPPORT_TAG_RECOMMISSIONING = 4,
        /// The user memory indicator by the second method (1.1).
        CAN_SUPPORT_UMI_METHOD_2 = 3,
        /// Extended protocol control words (1.1).
        CAN_SUPPORT_XPC = 2,
    }
    /// Flags of [`C1g2RfModeTableEntry`].
    RfModeFlags: u8 {
        /// The divide ratio is 64/3; else 8.
        DIVIDE_RATIO_64_3 = 7,
        /// Tested for conformance by EPCglobal.
        EPC_HAG_CONFORMANT = 6,
    }
    /// Which tags take part in a round, of [`C1g2SingulationAction`].
    SingulationFlags: u8 {
        /// Those in inventoried state B; else A.
        STATE_B = 7,
        /// Those whose SL flag is not set; else set.
        NOT_SL = 6,
        /// Those with and without SL (1.1).
        S_ALL = 5,
    }
    /// What a report tells of a tag's memory.
    MemorySelectorFlags: u8 {
        /// The CRC.
        CRC = 7,
        /// The protocol control word.
        PC = 6,
        /// The extended protocol control words (1.1).
        XPC = 5,
    }
}

listed! {
    /// How a tag modulates its answer: fewer bits per cycle are slower and heard better.
    Modulation: u8 {
        /// One cycle a bit.
        Fm0 = 0,
        /// Two.
        Miller2 = 1,
        /// Four.
        Miller4 = 2,
        /// Eight.
        Miller8 = 3,
    }
    /// How the reader modulates its carrier.
    ForwardLinkModulation: u8 {
        /// Phase reversal.
        PrAsk = 0,
        /// Single side band.
        SsbAsk = 1,
        /// Double side band.
        DsbAsk = 2,
    }
    /// How many readers a mode is made for.
    SpectralMask: u8 {
        /// Not told.
        Unknown = 0,
        /// One.
        Single = 1,
        /// Some.
        Multi = 2,
        /// Many.
        Dense = 3,
    }
    /// A bank of a tag's memory.
    MemoryBank: top 2 {
        /// Passwords.
        Reserved = 0,
        /// CRC, PC and EPC.
        Epc = 1,
        /// The chip's own number.
        Tid = 2,
        /// The user's.
        User = 3,
    }
    /// Whether tags that match a filter answer with less than their EPC.
    TruncateAction: top 2 {
        /// As the reader likes.
        Unspecified = 0,
        /// With all of it.
        DoNotTruncate = 1,
        /// With what is behind the mask.
        Truncate = 2,
    }
    /// The session of an inventory. How long a tag stays silent after it was read depends on it: in `S0` while it has power, in `S1` for 0.5
    /// to 5 s, in `S2` and `S3` for as long as it has power and 2 s more at the least.
    Session: top 2 {
        /// Session 0.
        S0 = 0,
        /// Session 1.
        S1 = 1,
        /// Session 2.
        S2 = 2,
        /// Session 3.
        S3 = 3,
    }
    /// What a filter sets in the tags.
    StateAwareTarget: u8 {
        /// The SL flag.
        Sl = 0,
        /// The inventoried state of session 0.
        InventoriedS0 = 1,
        /// The inventoried state of session 1.
        InventoriedS1 = 2,
        /// The inventoried state of session 2.
        InventoriedS2 = 3,
        /// The inventoried state of session 3.
        InventoriedS3 = 4,
    }
    /// What a filter does with the target: first for tags that match, then for those that do not.
    StateAwareAction: u8 {
        /// Assert SL or state A; deassert SL or state B.
        AssertDeassert = 0,
        /// Assert SL or state A; nothing.
        AssertNothing = 1,
        /// Nothing; deassert SL or state B.
        NothingDeassert = 2,
        /// Negate SL, or A to B and B to A; nothing.
        NegateNothing = 3,
        /// Deassert SL or state B; assert SL or state A.
        DeassertAssert = 4,
        /// Deassert SL or state B; nothing.
        DeassertNothing = 5,
        /// Nothing; assert SL or state A.
        NothingAssert = 6,
        /// Nothing; negate SL, or A to B and B to A.
        NothingNegate = 7,
    }
    /// Which tags a filter lets in: first those that match, then those that do not.
    StateUnawareAction: u8 {
        /// In; out.
        SelectUnselect = 0,
        /// In; as they are.
        SelectNothing = 1,
        /// As they are; out.
        NothingUnselect = 2,
        /// Out; as they are.
        UnselectNothing = 3,
        /// Out; in.
        UnselectSelect = 4,
        /// As they are; in.
        NothingSelect = 5,
    }
}

tlv! {
    /// How much of the air protocol there is.
    C1g2LlrpCapabilities = 327 {
        /// What it can do.
        flags: C1g2Flags,
        /// Filters in a query; 0 means that none is told.
        max_select_filters: u16,
    }
    /// RF modes.
    C1g2RfModeTable = 328 {} + {
        /// The modes.
        entries: Vec<C1g2RfModeTableEntry>,
    }
    /// One RF mode.
    C1g2RfModeTableEntry = 329 {
        /// What [`C1g2RfControl::mode`] picks.
        id: u32,
        /// Divide ratio and conformance.
        flags: RfModeFlags,
        /// Of the tag's answer.
        modulation: Modulation,
        /// Of the carrier.
        forward_link_modulation: ForwardLinkModulation,
        /// How many readers it is made for.
        spectral_mask: SpectralMask,
        /// Of the tag's answer, in bit/s.
        data_rate: u32,
        /// Length of a 1 over that of a 0, in thousandths.
        pie_ratio: u32,
        /// Shortest length of a 0, in ns.
        min_tari_ns: u32,
        /// Longest length of a 0, in ns.
        max_tari_ns: u32,
        /// Steps between, in ns.
        step_tari_ns: u32,
    }
    /// How to inventory.
    C1g2InventoryCommand = 330 {
        /// Whether filters and singulation go by the tags' states.
        state_aware: bool,
    } + {
        /// Which tags take part.
        filters: Vec<C1g2Filter>,
        /// The RF mode.
        rf_control: Option<C1g2RfControl>,
        /// Session and expected tags.
        singulation: Option<C1g2SingulationControl>,
    }
    /// Which tags take part.
    C1g2Filter = 331 {
        /// What tags that match answer with.
        truncate: TruncateAction,
    } + {
        /// The mask.
        mask: C1g2TagInventoryMask,
        /// By the tags' states.
        state_aware: Option<C1g2StateAwareFilterAction>,
        /// Not by their states.
        state_unaware: Option<C1g2StateUnawareFilterAction>,
    }
    /// Bits that a tag's memory must have.
    C1g2TagInventoryMask = 332 {
        /// The bank.
        bank: MemoryBank,
        /// The first bit; 32 is the first one of the EPC.
        pointer: u16,
        /// The bits.
        mask: BitString,
    }
    /// What a filter sets in the tags.
    C1g2StateAwareFilterAction = 333 {
        /// What.
        target: StateAwareTarget,
        /// How.
        action: StateAwareAction,
    }
    /// Which tags a filter lets in.
    C1g2StateUnawareFilterAction = 334 {
        /// How.
        action: StateUnawareAction,
    }
    /// The RF mode.
    C1g2RfControl = 335 {
        /// [`C1g2RfModeTableEntry::id`].
        mode: u16,
        /// Length of a 0, in ns; 0 is as the reader likes.
        tari_ns: u16,
    }
    /// Session and expected tags.
    C1g2SingulationControl = 336 {
        /// The session.
        session: Session,
        /// Tags expected at an antenna.
        tag_population: u16,
        /// How long a tag stays, in ms; 0 when not known.
        tag_transit_ms: u32,
    } + {
        /// Which tags take part, by their states.
        action: Option<C1g2SingulationAction>,
    }
    /// Which tags take part in a round, by their states.
    C1g2SingulationAction = 337 {
        /// Which.
        flags: SingulationFlags,
    }
    /// What a report tells of a tag's memory.
    C1g2EpcMemorySelector = 348 {
        /// What.
        flags: MemorySelectorFlags,
    }
}
