//! Between a client and a reader: hands everything on, and writes it down as a capture file.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};

/// The reader's port in the capture; connections of clients are told apart by theirs.
const READER_PORT: u16 = 5084;
/// What one packet of the capture holds at most.
const PACKET: usize = 1400;

/// What passed: by which connection, whether from the client, and the bytes.
type Passed = Arc<Mutex<Vec<(u16, bool, Vec<u8>)>>>;

/// A listener that is connected through to a reader.
pub(crate) struct Recorder {
    /// Where clients connect to.
    pub(crate) address: SocketAddr,
    passed: Passed,
}

impl Recorder {
    /// Records every connection to a reader.
    pub(crate) fn before(reader: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, passed) = (listener.local_addr().unwrap(), Passed::default());
        let writing = passed.clone();
        // Ends with the test program.
        spawn(move || {
            for (number, client) in (0..).zip(listener.incoming().flatten()) {
                let Ok(reader) = TcpStream::connect(reader) else { continue };
                let _: [JoinHandle<_>; 2] = [(true, &client, &reader), (false, &reader, &client)].map(|(from_client, from, to)| {
                    let (from, to, passed) = (from.try_clone().unwrap(), to.try_clone().unwrap(), writing.clone());
                    spawn(move || hand_on(from, to, |bytes| passed.lock().unwrap().push((number, from_client, bytes.to_vec()))))
                });
            }
        });
        Self { address, passed }
    }

    /// Writes what has passed so far as a capture of IPv4 packets.
    pub(crate) fn write(&self, file: &Path) {
        let mut out = Vec::new();
        let header: [u32; 6] = [0xA1B2_C3D4, 0x0004_0002, 0, 0, 0xFFFF, 101];
        header.iter().for_each(|word| out.extend(word.to_le_bytes()));
        let mut sent = std::collections::HashMap::<(u16, bool), u32>::new();
        for (number, from_client, bytes) in self.passed.lock().unwrap().iter() {
            for piece in bytes.chunks(PACKET) {
                let seq = sent.get(&(*number, *from_client)).copied().unwrap_or(1);
                let ack = sent.get(&(*number, !from_client)).copied().unwrap_or(1);
                sent.insert((*number, *from_client), seq + piece.len() as u32);
                let packet = packet(40_000 + number, *from_client, [seq, ack], piece);
                let time = (out.len() as u32).to_le_bytes();
                let length = (packet.len() as u32).to_le_bytes();
                [&[0; 4], &time, &length, &length].into_iter().for_each(|word| out.extend(word));
                out.extend(packet);
            }
        }
        std::fs::write(file, out).unwrap();
    }
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, record: impl Fn(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return to.shutdown(Shutdown::Write);
        }
        record(&buffer[..count]);
        to.write_all(&buffer[..count])?;
    }
}

fn packet(client_port: u16, from_client: bool, [seq, ack]: [u32; 2], bytes: &[u8]) -> Vec<u8> {
    let length = (40 + bytes.len()) as u16;
    let [client, reader] = [[10, 0, 0, 1], [10, 0, 0, 2]];
    let (from, to) = if from_client { (client, reader) } else { (reader, client) };
    let (source, destination) = if from_client { (client_port, READER_PORT) } else { (READER_PORT, client_port) };
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    packet.extend(from);
    packet.extend(to);
    packet.extend(source.to_be_bytes());
    packet.extend(destination.to_be_bytes());
    packet.extend(seq.to_be_bytes());
    packet.extend(ack.to_be_bytes());
    // Push and acknowledge, with checksums that nobody checks.
    packet.extend([0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0]);
    packet.extend(bytes);
    packet
}

/// What tshark says of the frames of a capture that pass a filter: the numbers of their messages.
pub(crate) fn dissected(file: &Path, filter: &str) -> Vec<String> {
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(file).args(["-d", &format!("tcp.port=={READER_PORT},llrp"), "-Y", filter]);
    let output = tshark.args(["-T", "fields", "-e", "llrp.type"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(['\n', ',']).filter(|number| !number.is_empty()).map(str::to_owned).collect()
}
