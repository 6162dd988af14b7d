//! Operations on single tags: AccessSpecs (1.0.1 sections 16.2.5 and 16.3.1.3) and what came of them.

use super::air_protocol::MemoryBank;
use super::capabilities::AirProtocol;
use super::reporting::AccessReportSpec;
use super::tag::EpcData;
use crate::wire::{BitString, CustomParameter, PartByte, bit_set, choice, listed, tlv};

listed! {
    /// What ends an AccessSpec.
    AccessSpecStopTriggerType: u8 {
        /// Only DELETE_ACCESSSPEC.
        Null = 0,
        /// So many runs.
        OperationCount = 1,
    }
    /// How a part of a tag's memory is locked.
    LockPrivilege: u8 {
        /// Written with the access password only.
        ReadWrite = 0,
        /// Locked for ever.
        PermaLock = 1,
        /// Open for ever.
        PermaUnlock = 2,
        /// Open.
        Unlock = 3,
    }
    /// A part of a tag's memory.
    LockDataField: u8 {
        /// The kill password.
        KillPassword = 0,
        /// The access password.
        AccessPassword = 1,
        /// CRC, PC and EPC.
        EpcMemory = 2,
        /// The chip's own number.
        TidMemory = 3,
        /// The user's.
        UserMemory = 4,
    }
    /// How a read ended.
    ReadResultType: u8 {
        /// Done.
        Success = 0,
        /// The tag said no.
        NonspecificTagError = 1,
        /// The tag was silent.
        NoResponseFromTag = 2,
        /// The reader failed.
        NonspecificReaderError = 3,
        /// Beyond the memory (1.1).
        MemoryOverrun = 4,
        /// Locked (1.1).
        MemoryLocked = 5,
        /// Wrong password (1.1).
        IncorrectPassword = 6,
    }
    /// How a write, block write or block erase ended.
    WriteResultType: u8 {
        /// Done.
        Success = 0,
        /// Beyond the memory.
        MemoryOverrun = 1,
        /// Locked.
        MemoryLocked = 2,
        /// Too little power at the tag.
        InsufficientPower = 3,
        /// The tag said no.
        NonspecificTagError = 4,
        /// The tag was silent.
        NoResponseFromTag = 5,
        /// The reader failed.
        NonspecificReaderError = 6,
        /// Wrong password (1.1).
        IncorrectPassword = 7,
    }
    /// How a kill or recommissioning ended.
    KillResultType: u8 {
        /// Done.
        Success = 0,
        /// The kill password is zero.
        ZeroKillPassword = 1,
        /// Too little power at the tag.
        InsufficientPower = 2,
        /// The tag said no.
        NonspecificTagError = 3,
        /// The tag was silent.
        NoResponseFromTag = 4,
        /// The reader failed.
        NonspecificReaderError = 5,
        /// Wrong password (1.1).
        IncorrectPassword = 6,
    }
    /// How a lock ended.
    LockResultType: u8 {
        /// Done.
        Success = 0,
        /// Too little power at the tag.
        InsufficientPower = 1,
        /// The tag said no.
        NonspecificTagError = 2,
        /// The tag was silent.
        NoResponseFromTag = 3,
        /// The reader failed.
        NonspecificReaderError = 4,
        /// Wrong password (1.1).
        IncorrectPassword = 5,
        /// Beyond the memory (1.1).
        MemoryOverrun = 6,
        /// Locked (1.1).
        MemoryLocked = 7,
    }
}

bit_set! {
    /// What a recommissioning changes (1.1).
    RecommissionFlags: u8 {
        /// Bit 3 of the command.
        SB3 = 2,
        /// Bit 2 of the command.
        SB2 = 1,
        /// The lowest bit of the command.
        LSB = 0,
    }
}

/// Where a tag is compared, and whether it shall match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TargetBank {
    /// The bank.
    pub bank: MemoryBank,
    /// Whether tags that match are meant, or those that do not.
    pub matching: bool,
}

impl PartByte for TargetBank {
    fn from_byte(byte: u8) -> Self {
        Self { bank: MemoryBank::from_byte(byte), matching: byte & 0x20 != 0 }
    }

    fn to_byte(&self) -> u8 {
        self.bank.to_byte() | u8::from(self.matching) << 5
    }
}

#[cfg(test)]
impl crate::tests::sample::Sample for TargetBank {
    fn sample(choices: &mut crate::tests::sample::Choices) -> Self {
        Self::from_byte(choices.byte())
    }
}

tlv! {
    /// What to do with tags that are inventoried.
    AccessSpec = 207 {
        /// Chosen by the client, not 0.
        id: u32,
        /// The antenna, from 1; 0 is all.
        antenna: u16,
        /// The air protocol.
        protocol: AirProtocol,
        /// Whether it is active; not so in an ADD_ACCESSSPEC.
        active: bool,
        /// The ROSpec it runs in; 0 is all.
        rospec_id: u32,
    } + {
        /// What ends it.
        stop: AccessSpecStopTrigger,
        /// What it does.
        command: AccessCommand,
        /// When results are sent.
        report: Option<AccessReportSpec>,
    }
    /// What ends an AccessSpec.
    AccessSpecStopTrigger = 208 {
        /// The kind.
        kind: AccessSpecStopTriggerType,
        /// For `OperationCount`; 0 is no end.
        count: u16,
    }
    /// Which tags, and what to do with them.
    AccessCommand = 209 {} + {
        /// Which.
        tags: C1g2TagSpec,
        /// What, one after the other.
        operations: Vec<OpSpec>,
    }
    /// Asks the client what to do with a tag.
    ClientRequestOpSpec = 210 {
        /// Chosen by the client, not 0.
        id: u16,
    }
    /// What to do with the tag that the client was asked for.
    ClientRequestResponse = 211 {
        /// The AccessSpec that asked.
        access_spec_id: u32,
    } + {
        /// The tag.
        epc: EpcData,
        /// What, one after the other.
        operations: Vec<OpSpec>,
    }
    /// Which tags: those that match the first target and, if there is one, the second.
    C1g2TagSpec = 338 {} + {
        /// One or two.
        targets: Vec<C1g2TargetTag>,
    }
    /// Bits that a tag's memory must have.
    C1g2TargetTag = 339 {
        /// Where.
        bank: TargetBank,
        /// The first bit; 32 is the first one of the EPC.
        pointer: u16,
        /// Which bits count.
        mask: BitString,
        /// What they must be.
        data: BitString,
    }
    /// Reads words.
    C1g2Read = 341 {
        /// Chosen by the client, not 0.
        id: u16,
        /// 0 is none.
        access_password: u32,
        /// The bank.
        bank: MemoryBank,
        /// The first word.
        word: u16,
        /// How many; 0 is all.
        count: u16,
    }
    /// Writes words.
    C1g2Write = 342 {
        /// Chosen by the client, not 0.
        id: u16,
        /// 0 is none.
        access_password: u32,
        /// The bank.
        bank: MemoryBank,
        /// The first word.
        word: u16,
        /// The words.
        data: Vec<u16>,
    }
    /// Silences a tag for ever.
    C1g2Kill = 343 {
        /// Chosen by the client, not 0.
        id: u16,
        /// Not 0.
        kill_password: u32,
    }
    /// Locks parts of the memory.
    C1g2Lock = 344 {
        /// Chosen by the client, not 0.
        id: u16,
        /// 0 is none.
        access_password: u32,
    } + {
        /// Which, and how.
        payloads: Vec<C1g2LockPayload>,
    }
    /// How a part of the memory is locked.
    C1g2LockPayload = 345 {
        /// How.
        privilege: LockPrivilege,
        /// Which part.
        part: LockDataField,
    }
    /// Erases words.
    C1g2BlockErase = 346 {
        /// Chosen by the client, not 0.
        id: u16,
        /// 0 is none.
        access_password: u32,
        /// The bank.
        bank: MemoryBank,
        /// The first word.
        word: u16,
        /// How many.
        count: u16,
    }
    /// Writes words in blocks.
    C1g2BlockWrite = 347 {
        /// Chosen by the client, not 0.
        id: u16,
        /// 0 is none.
        access_password: u32,
        /// The bank.
        bank: MemoryBank,
        /// The first word.
        word: u16,
        /// The words.
        data: Vec<u16>,
    }
    /// Recommissions a tag (1.1).
    C1g2Recommission = 357 {
        /// Chosen by the client, not 0.
        id: u16,
        /// Not 0.
        kill_password: u32,
        /// What it changes.
        flags: RecommissionFlags,
    }
    /// Locks blocks for ever (1.1).
    C1g2BlockPermalock = 358 {
        /// Chosen by the client, not 0.
        id: u16,
        /// 0 is none.
        access_password: u32,
        /// The bank.
        bank: MemoryBank,
        /// The first block, in units of 16.
        block: u16,
        /// A bit for each block.
        mask: Vec<u16>,
    }
    /// Asks which blocks are locked (1.1).
    C1g2GetBlockPermalockStatus = 359 {
        /// Chosen by the client, not 0.
        id: u16,
        /// 0 is none.
        access_password: u32,
        /// The bank.
        bank: MemoryBank,
        /// The first block, in units of 16.
        block: u16,
        /// How many, in units of 16.
        range: u16,
    }
    /// What a read found.
    C1g2ReadResult = 349 {
        /// How it ended.
        result: ReadResultType,
        /// [`C1g2Read::id`].
        op_spec_id: u16,
        /// The words.
        data: Vec<u16>,
    }
    /// How a write ended.
    C1g2WriteResult = 350 {
        /// How.
        result: WriteResultType,
        /// [`C1g2Write::id`].
        op_spec_id: u16,
        /// Words written.
        words_written: u16,
    }
    /// How a kill ended.
    C1g2KillResult = 351 {
        /// How.
        result: KillResultType,
        /// [`C1g2Kill::id`].
        op_spec_id: u16,
    }
    /// How a lock ended.
    C1g2LockResult = 352 {
        /// How.
        result: LockResultType,
        /// [`C1g2Lock::id`].
        op_spec_id: u16,
    }
    /// How a block erase ended.
    C1g2BlockEraseResult = 353 {
        /// How.
        result: WriteResultType,
        /// [`C1g2BlockErase::id`].
        op_spec_id: u16,
    }
    /// How a block write ended.
    C1g2BlockWriteResult = 354 {
        /// How.
        result: WriteResultType,
        /// [`C1g2BlockWrite::id`].
        op_spec_id: u16,
        /// Words written.
        words_written: u16,
    }
    /// How a recommissioning ended (1.1).
    C1g2RecommissionResult = 360 {
        /// How.
        result: KillResultType,
        /// [`C1g2Recommission::id`].
        op_spec_id: u16,
    }
    /// How a block permalock ended (1.1).
    C1g2BlockPermalockResult = 361 {
        /// How, by the table of the standard.
        result: u8,
        /// [`C1g2BlockPermalock::id`].
        op_spec_id: u16,
    }
    /// Which blocks are locked (1.1).
    C1g2GetBlockPermalockStatusResult = 362 {
        /// How, by the table of the standard.
        result: u8,
        /// [`C1g2GetBlockPermalockStatus::id`].
        op_spec_id: u16,
        /// A bit for each block.
        status: Vec<u16>,
    }
}

choice! {
    /// An operation on a tag.
    OpSpec {
        /// Reads words.
        Read(C1g2Read),
        /// Writes words.
        Write(C1g2Write),
        /// Silences it for ever.
        Kill(C1g2Kill),
        /// Locks parts of its memory.
        Lock(C1g2Lock),
        /// Erases words.
        BlockErase(C1g2BlockErase),
        /// Writes words in blocks.
        BlockWrite(C1g2BlockWrite),
        /// Recommissions it (1.1).
        Recommission(C1g2Recommission),
        /// Locks blocks for ever (1.1).
        BlockPermalock(C1g2BlockPermalock),
        /// Asks which blocks are locked (1.1).
        GetBlockPermalockStatus(C1g2GetBlockPermalockStatus),
        /// Asks the client.
        ClientRequest(ClientRequestOpSpec),
        /// A vendor's.
        Custom(CustomParameter),
    }
}
