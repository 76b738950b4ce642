//! The payloads of the UDP datagrams in a capture file (pcap, the classic form, as `tcpdump -w` and `tshark -F pcap` write
//! it). What they say is left to whoever asks.

use std::fmt::Write;
use std::io::Read;
use std::net::IpAddr;

use anyhow::{bail, Context, Result};
use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_file::pcap::PcapReader;
use pcap_file::DataLink;

/// One datagram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Datagram {
    /// Its packet's place in the file, from 1.
    pub packet: u64,
    /// Microseconds since the first packet.
    pub at: u64,
    /// Who sent it, and to whom: addresses and ports.
    pub way: String,
    /// The ports alone.
    pub ports: [u16; 2],
    /// What it carries.
    pub payload: Vec<u8>,
    /// Whether the capture has only its beginning.
    pub is_cut: bool,
}

/// All UDP datagrams of a capture; other packets are passed over. Fragments of a datagram are not put together.
///
/// # Errors
/// When it is no such file, or ends in the middle of a packet.
pub fn datagrams(capture: impl Read) -> Result<Vec<Datagram>> {
    let mut reader = PcapReader::new(capture).context("expected a capture file of the classic form (pcap)")?;
    let link = reader.header().datalink;
    let (mut found, mut began, mut number) = (Vec::new(), None, 0);
    while let Some(packet) = reader.next_packet() {
        number += 1;
        let packet = packet.with_context(|| format!("packet {number}"))?;
        let at = packet.timestamp.as_micros();
        let since = at.saturating_sub(*began.get_or_insert(at));
        let sliced = match link {
            DataLink::ETHERNET => LaxSlicedPacket::from_ethernet(&packet.data).ok(),
            DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 => LaxSlicedPacket::from_ip(&packet.data).ok(),
            // Four bytes that say which family, and then the packet.
            DataLink::NULL | DataLink::LOOP => packet.data.get(4..).and_then(|ip| LaxSlicedPacket::from_ip(ip).ok()),
            DataLink::LINUX_SLL => packet.data.get(16..).and_then(|ip| LaxSlicedPacket::from_ip(ip).ok()),
            DataLink::LINUX_SLL2 => packet.data.get(20..).and_then(|ip| LaxSlicedPacket::from_ip(ip).ok()),
            other => {
                bail!("the capture is of link type {other:?}; expected Ethernet, loopback, raw IP or Linux cooked")
            }
        };
        let is_cut = packet.data.len() < packet.orig_len as usize;
        found.extend(sliced.and_then(|sliced| datagram(&sliced, number, u64::try_from(since).ok()?, is_cut)));
    }
    Ok(found)
}

fn datagram(packet: &LaxSlicedPacket<'_>, number: u64, at: u64, is_cut: bool) -> Option<Datagram> {
    let Some(TransportSlice::Udp(udp)) = &packet.transport else { return None };
    let (from, to): (IpAddr, IpAddr) = match &packet.net {
        Some(LaxNetSlice::Ipv4(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        Some(LaxNetSlice::Ipv6(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        _ => return None,
    };
    let ports = [udp.source_port(), udp.destination_port()];
    let mut way = String::new();
    for (address, port, end) in [(from, ports[0], " > "), (to, ports[1], "")] {
        let address = std::net::SocketAddr::new(address, port);
        let _ = write!(way, "{address}{end}");
    }
    Some(Datagram { packet: number, at, way, ports, payload: udp.payload().to_vec(), is_cut })
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;
    use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
    use std::time::Duration;

    fn udp(payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).udp(40_000, 7_400).write(&mut out, payload).unwrap();
        out
    }

    fn tcp() -> Vec<u8> {
        let mut out = Vec::new();
        PacketBuilder::ipv6([1; 16], [2; 16], 64).tcp(1, 2, 3, 4).write(&mut out, b"x").unwrap();
        out
    }

    fn capture(link: DataLink, before: &[u8], packets: &[Vec<u8>]) -> Vec<u8> {
        let header = PcapHeader { datalink: link, ..PcapHeader::default() };
        let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
        for (n, packet) in packets.iter().enumerate() {
            let data = [before, packet].concat();
            let at = Duration::from_millis(5_000 + n as u64);
            writer.write_packet(&PcapPacket::new(at, data.len() as u32, &data)).unwrap();
        }
        writer.into_writer()
    }

    #[test]
    fn datagrams_are_found_on_every_kind_of_link_and_others_passed_over() {
        let ethernet = [&[2u8; 12][..], &[8, 0]].concat();
        let cooked = [&[0u8; 14][..], &[8, 0]].concat();
        for (link, before) in [
            (DataLink::ETHERNET, &ethernet[..]),
            (DataLink::RAW, &[]),
            (DataLink::NULL, &[2, 0, 0, 0]),
            (DataLink::LINUX_SLL, &cooked),
            (DataLink::LINUX_SLL2, &[0; 20]),
        ] {
            let packets = [udp(b"one"), if before == ethernet { vec![1] } else { tcp() }, udp(b"two"), vec![0; 3]];
            let found = datagrams(&capture(link, before, &packets)[..]).unwrap();
            let expected = |packet, at, payload: &[u8]| Datagram {
                packet,
                at,
                way: "192.0.2.1:40000 > 192.0.2.2:7400".into(),
                ports: [40_000, 7_400],
                payload: payload.to_vec(),
                is_cut: false,
            };
            assert_eq!(found, [expected(1, 0, b"one"), expected(3, 2_000, b"two")], "{link:?}");
        }
    }

    #[test]
    fn what_is_no_capture_is_refused() {
        assert!(datagrams(&b"no capture at all, but long enough for a header"[..]).is_err());
        let whole = capture(DataLink::RAW, &[], &[udp(b"one"), udp(b"two")]);
        let error = datagrams(&whole[..whole.len() - 5]).unwrap_err();
        assert!(format!("{error:#}").starts_with("packet 2: "), "{error:#}");
        let error = datagrams(&capture(DataLink::USB_LINUX, &[], &[udp(b"one")])[..]).unwrap_err();
        assert!(error.to_string().contains("expected Ethernet"), "{error}");
    }
}
